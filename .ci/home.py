"""What the runners share: the sample home, and a look at a home as a server finds it."""
import os, pathlib, stat

SAMPLE = pathlib.Path(__file__).resolve().parent.parent / "golden/homes/carbon-4.4.40-xml"


def look(home):
    """Content, mode and owner of every file and folder but the state folder; and what is left beside the files."""
    files, litter = {}, []
    for folder, folders, names in os.walk(home):
        if folder == str(home) and ".harden" in folders:
            folders.remove(".harden")
        for name in folders + names:
            path = os.path.join(folder, name)
            info = os.lstat(path)
            content = pathlib.Path(path).read_bytes() if stat.S_ISREG(info.st_mode) else b""
            content = os.fsencode(os.readlink(path)) if stat.S_ISLNK(info.st_mode) else content
            litter += [os.path.relpath(path, home)] if ".harden-" in name else []
            files[os.path.relpath(path, home)] = (content, info.st_mode, info.st_uid, info.st_gid)
    return files, litter
