"""Which key stores a hardened configuration names, read with Python's own parsers: one line for each
reference to a store that was made, with tabs between path, type, password, alias and key password;
what is not said is empty. A store that the references say something else of is told and fails.

usage: configured.py BEFORE AFTER
"""
import pathlib, re, sys, tomllib
import xml.etree.ElementTree as tree

before, after = map(pathlib.Path, sys.argv[1:3])
made = {p for p in after.rglob("*") if p.is_file() and ".harden" not in p.parts and p.suffix in (".jks", ".p12")
        and not (before / p.relative_to(after)).exists()}
names = {p.name for p in made}
found = []


def add(file, location, kind="", password="", alias="", key=""):
    name = location.rsplit("/", 1)[-1]
    if name not in names:
        return
    # A profile of an Enterprise Integrator has its own folder of stores.
    parts = file.relative_to(after).parts
    base = after.joinpath(*parts[:2]) if parts[0] == "wso2" else after
    path = base / "repository/resources/security" / name
    found.append((path, kind, password, alias, key))


def local(tag):
    return tag.rsplit("}", 1)[-1].lower()


def of_xml(file):
    root = tree.fromstring(file.read_bytes())
    for parent in root.iter():
        said = {local(k): v for k, v in parent.attrib.items()}
        for child in parent:
            # The name of a parameter says more than its tag.
            said[child.get("name", local(child.tag)).lower()] = (child.text or "").strip()
        first = lambda *words: next((v for w in words for k, v in said.items() if re.search(w, k)), "")
        location = first(r"^location$", r"^keystorefile$", r"^keystorelocation$", r"key\.store\.file$")
        if location:
            add(file, location, first(r"^type$", r"^keystoretype$"),
                first(r"^password$", r"^keystorepass(word)?$", r"key\.store\.pass$"), first(r"^keyalias$"),
                first(r"^keypassword$", r"^keypass$", r"ssl\.cert\.pass$"))


def of_toml(file):
    def walk(table):
        for value in table.values():
            if isinstance(value, dict):
                location = value.get("file_name") or value.get("location")
                if isinstance(location, str):
                    add(file, location, *(str(value.get(k, "")) for k in ("type", "password", "alias", "key_password")))
                walk(value)
    walk(tomllib.loads(file.read_bytes().decode("utf-8-sig")))


def of_properties(file):
    said = dict(re.findall(r"^\s*([\w.]+)\s*[=:]\s*(.*?)\s*$", file.read_text("latin-1"), re.M))
    if "client.keyStore" in said:
        add(file, said["client.keyStore"], password=said.get("Carbon.Security.KeyStore.Password", ""))
    if "primary.key.location" in said:
        add(file, said["primary.key.location"], said.get("primary.key.type", ""), alias=said.get("primary.key.alias", ""))


for file in sorted(after.rglob("*")):
    old = before / file.relative_to(after)
    if file.is_file() and ".harden" not in file.parts and old.exists() and old.read_bytes() != file.read_bytes():
        reader = {".xml": of_xml, ".toml": of_toml, ".properties": of_properties}.get(file.suffix)
        if reader:
            reader(file)
lost = made - {path for path, *_ in found}
if lost:
    sys.exit(f"nothing names {', '.join(str(p) for p in sorted(lost))}")
for path, *rest in found:
    print(path, *rest, sep="\t")
