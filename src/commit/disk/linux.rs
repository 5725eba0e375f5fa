//! The disk of this machine, one system call or two for each operation.
//!
//! It holds no state and keeps no path; the only place of the project that writes.

#![expect(clippy::disallowed_methods, reason = "this is the only writer")]

use super::super::guard::Moment;
use super::super::manifest::{Mtime, Xattrs};
use super::{Caller, Disk, Handle, How, Kind, LARGEST, Lock, Space, Stat};
use rustix::fs::{AtFlags, CWD, IFlags, Mode, RenameFlags, StatVfsMountFlags, XattrFlags};
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use time::OffsetDateTime;

/// The disk of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Linux;

impl Disk for Linux {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn moment(&self) -> Moment {
        let line = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let boot = line("/proc/sys/kernel/random/boot_id").trim().to_owned();
        // Seconds with a fraction, sleep included (proc(5), `uptime`).
        let uptime = line("/proc/uptime").split('.').next().and_then(|text| text.parse().ok());
        Moment {
            wall: self.now().unix_timestamp(),
            boot: if uptime.is_some() { boot } else { String::new() },
            uptime: uptime.unwrap_or(0),
        }
    }

    fn caller(&self) -> Caller {
        let mut gids = vec![rustix::process::getegid().as_raw()];
        gids.extend(
            rustix::process::getgroups().unwrap_or_default().iter().map(|gid| gid.as_raw()),
        );
        Caller {
            pid: std::process::id(),
            uid: rustix::process::geteuid().as_raw(),
            gids,
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        }
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        path.symlink_metadata().map(|meta| stat_of(&meta))
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        path.canonicalize()
    }

    fn read(&self, path: &Path) -> io::Result<(Stat, Vec<u8>)> {
        let file = look_only(path)?;
        let stat = stat_of(&file.metadata()?);
        if stat.kind != Kind::File {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let mut bytes = Vec::new();
        file.take(LARGEST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        Ok((stat, bytes))
    }

    fn xattrs(&self, path: &Path) -> io::Result<Xattrs> {
        xattrs_of(&look_only(path)?)
    }

    fn entries(&self, dir: &Path) -> io::Result<Vec<OsString>> {
        let mut names = dir
            .read_dir()?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }

    fn space(&self, dir: &Path) -> io::Result<Space> {
        let vfs = rustix::fs::statvfs(dir)?;
        let read_only = vfs.f_flag.contains(StatVfsMountFlags::RDONLY);
        Ok(Space { free: vfs.f_bavail.saturating_mul(vfs.f_frsize), read_only })
    }

    fn writable(&self, path: &Path) -> bool {
        let wanted = rustix::fs::Access::WRITE_OK;
        rustix::fs::accessat(CWD, path, wanted, AtFlags::EACCESS).is_ok()
    }

    fn frozen(&self, path: &Path) -> io::Result<bool> {
        match rustix::fs::ioctl_getflags(look_only(path)?) {
            Ok(flags) => Ok(flags.intersects(IFlags::IMMUTABLE | IFlags::APPEND)),
            Err(_) => Ok(false),
        }
    }

    fn lock(&self, path: &Path, note: &str) -> io::Result<Lock> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(NO_FOLLOW)
            .open(path)?;
        // A process that was just forked holds its parent's lock until it runs its own program, so
        // a lock is taken for taken only after a short wait.
        let mut taken = file.try_lock();
        for _ in 0..PATIENCE {
            if !matches!(taken, Err(TryLockError::WouldBlock)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
            taken = file.try_lock();
        }
        match taken {
            Ok(()) => {
                file.set_len(0)?;
                file.write_all(note.as_bytes())?;
                Ok(Lock::Held(Box::new(file)))
            }
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                file.rewind()?;
                file.take(1024).read_to_string(&mut owner)?;
                Ok(Lock::Busy(owner))
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn open(&self, path: &Path, how: How) -> io::Result<Box<dyn Handle + '_>> {
        let mut options = OpenOptions::new();
        match how {
            How::Create => options.write(true).create_new(true),
            How::Append => options.append(true),
            How::Overwrite => options.write(true).truncate(true),
        };
        let file = options.mode(0o600).custom_flags(NO_FOLLOW).open(path)?;
        Ok(Box::new(Open(file)))
    }

    fn mkdir(&self, path: &Path) -> io::Result<()> {
        std::fs::DirBuilder::new().mode(0o700).create(path)
    }

    fn rmdir(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir(path)
    }

    fn chown(&self, path: &Path, uid: u32, gid: u32) -> io::Result<()> {
        std::os::unix::fs::lchown(path, Some(uid), Some(gid))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        rename_with(from, to, RenameFlags::NOREPLACE)
    }

    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()> {
        rename_with(one, other, RenameFlags::EXCHANGE)
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }
}

struct Open(File);

impl Handle for Open {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn chown(&mut self, uid: u32, gid: u32) -> io::Result<()> {
        let meta = self.0.metadata()?;
        // Some network file systems refuse even the owner that a file already has.
        if (meta.uid(), meta.gid()) == (uid, gid) {
            return Ok(());
        }
        std::os::unix::fs::fchown(&self.0, Some(uid), Some(gid))
    }

    fn chmod(&mut self, mode: u32) -> io::Result<()> {
        Ok(rustix::fs::fchmod(&self.0, Mode::from_raw_mode(mode))?)
    }

    fn set_xattrs(&mut self, xattrs: &Xattrs) -> io::Result<()> {
        let present = xattrs_of(&self.0)?;
        let extra = |name: &&String| !xattrs.contains_key(*name) && !name.starts_with("security.");
        for name in present.keys().filter(extra) {
            rustix::fs::fremovexattr(&self.0, name.as_str())?;
        }
        for (name, value) in xattrs.iter().filter(|(name, value)| present.get(*name) != Some(value))
        {
            rustix::fs::fsetxattr(&self.0, name.as_str(), &value.0, XattrFlags::empty())?;
        }
        Ok(())
    }

    fn set_mtime(&mut self, mtime: Mtime) -> io::Result<()> {
        self.0.set_modified(mtime.into())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_all()
    }
}

/// How often a taken lock is tried again, every 10 ms.
const PATIENCE: u32 = 30;

/// `O_NOFOLLOW | O_NONBLOCK`: never through a link, never waiting for the other end of a pipe.
const NO_FOLLOW: i32 =
    rustix::fs::OFlags::NOFOLLOW.union(rustix::fs::OFlags::NONBLOCK).bits() as i32;

/// Labels that the kernel derives from the content; they are its own to write.
const KERNELS: [&str; 2] = ["security.ima", "security.evm"];

fn look_only(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(NO_FOLLOW).open(path)
}

fn stat_of(meta: &std::fs::Metadata) -> Stat {
    let kind = match meta.file_type() {
        kind if kind.is_file() => Kind::File,
        kind if kind.is_dir() => Kind::Folder,
        kind if kind.is_symlink() => Kind::Link,
        _ => Kind::Other,
    };
    Stat {
        dev: meta.dev(),
        ino: meta.ino(),
        size: meta.size(),
        mode: meta.mode() & 0o7777,
        uid: meta.uid(),
        gid: meta.gid(),
        mtime: Mtime { seconds: meta.mtime(), nanos: meta.mtime_nsec() as u32 },
        nlink: meta.nlink(),
        kind,
    }
}

fn rename_with(from: &Path, to: &Path, flags: RenameFlags) -> io::Result<()> {
    use rustix::io::Errno;
    match rustix::fs::renameat_with(CWD, from, CWD, to, flags) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            Err(io::ErrorKind::Unsupported.into())
        }
        outcome => Ok(outcome?),
    }
}

fn xattrs_of(file: &File) -> io::Result<Xattrs> {
    use rustix::io::Errno;
    let mut list = Vec::with_capacity(64 << 10);
    match rustix::fs::flistxattr(file, rustix::buffer::spare_capacity(&mut list)) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(Xattrs::new()),
        outcome => outcome?,
    };
    let mut xattrs = Xattrs::new();
    for name in list.split(|&byte| byte == 0).filter(|name| !name.is_empty()) {
        let name = String::from_utf8(name.to_vec())
            .map_err(|_| io::Error::other("the name of an extended attribute is not UTF-8"))?;
        if KERNELS.contains(&name.as_str()) {
            continue;
        }
        let mut value = Vec::with_capacity(64 << 10);
        rustix::fs::fgetxattr(file, name.as_str(), rustix::buffer::spare_capacity(&mut value))?;
        xattrs.insert(name, value.into());
    }
    Ok(xattrs)
}
