using System.Runtime.InteropServices;

namespace OrleansIoT.History.Sqlite;

/// <summary>
/// Whether a file that is open is still the one of its name. Who deletes or replaces it leaves us one that nobody will
/// find again, into which SQLite writes and syncs without an error.
/// </summary>
internal sealed partial class OpenFile(string path)
{
    private const int CurrentDirectory = -100; // AT_FDCWD
    private const uint InodeNumber = 0x100; // STATX_INO

    private readonly (uint Major, uint Minor, ulong Inode)? _opened = Identity(path);

    public string Path => path;

    /// <summary>About a microsecond.</summary>
    public bool IsInPlace => Identity(path) == _opened;

    private static unsafe (uint Major, uint Minor, ulong Inode)? Identity(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null; // Windows does not delete what is open
        }

        Statx status;
        return Libc.Statx(CurrentDirectory, path, 0, InodeNumber, &status) == 0
            ? (status.DeviceMajor, status.DeviceMinor, status.Inode)
            : default((uint, uint, ulong)?);
    }

    /// <summary>The same on all architectures, other than <c>struct stat</c>.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Statx
    {
        [FieldOffset(32)]
        public ulong Inode;

        [FieldOffset(136)]
        public uint DeviceMajor;

        [FieldOffset(140)]
        public uint DeviceMinor;
    }

    private static partial class Libc
    {
        [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
        public static unsafe partial int Statx(int directory, string path, int flags, uint mask, Statx* status);
    }
}
