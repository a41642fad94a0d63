using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace OrleansIoT.Certificates;

/// <summary>A file that nobody else reads: mode 600 in a folder of mode 700, whole or not there at all, also after a power cut.</summary>
public static class PrivateFile
{
    /// <summary>EEXIST of link(2), on Linux and on macOS.</summary>
    private const int FileExists = 17;

    private const UnixFileMode OwnerReadsAndWrites = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>The content of the file, which is made if there is none. Of several who make it at once, one wins and all read the same.</summary>
    /// <exception cref="UnauthorizedAccessException">Others than the owner have a right to the file or its folder.</exception>
    public static string ReadOrCreate(string path, Func<string> make)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        CreateFolder(folder);
        if (!File.Exists(path))
        {
            Create(path, folder, make(), MoveUnlessThere);
        }

        return Read(path);
    }

    /// <summary>The content of the file.</summary>
    /// <exception cref="UnauthorizedAccessException">Others than the owner have a right to it.</exception>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static string Read(string path)
    {
        RefuseIfShared(path, "600");
        return File.ReadAllText(path);
    }

    /// <summary>Puts another content in the place of the file's, or makes the file: at every moment it has the one or the other, whole.</summary>
    public static void Write(string path, string content)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        CreateFolder(folder);
        Create(path, folder, content, (draft, file) => File.Move(draft, file, overwrite: true));
    }

    /// <summary>Removes the file, also for after a power cut.</summary>
    public static void Delete(string path)
    {
        File.Delete(path);
        SyncFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>A folder that nobody else enters, unless it is there already.</summary>
    /// <exception cref="UnauthorizedAccessException">Others than the owner have a right to it.</exception>
    public static void CreateFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
            return;
        }

        Directory.CreateDirectory(folder, OwnerReadsAndWrites | UnixFileMode.UserExecute);
        RefuseIfShared(folder, "700");
    }

    private static void Create(string path, string folder, string content, Action<string, string> move)
    {
        var draft = $"{path}.{Path.GetRandomFileName()}";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = OwnerReadsAndWrites;
            }

            using (var stream = new FileStream(draft, options))
            {
                stream.Write(Encoding.ASCII.GetBytes(content));
                stream.Flush(flushToDisk: OperatingSystem.IsWindows());
                Sync(stream.SafeFileHandle);
            }

            move(draft, path);
            SyncFolder(folder);
        }
        finally
        {
            File.Delete(draft);
        }
    }

    /// <summary>If another process was faster, its file is the one that counts.</summary>
    private static void MoveUnlessThere(string draft, string path)
    {
        // File.Move looks whether the name is free and then takes it, and two may find it free. A link is made or not.
        if (!OperatingSystem.IsWindows() && (Link(draft, path) == 0 || Marshal.GetLastPInvokeError() == FileExists))
        {
            return;
        }

        try
        {
            File.Move(draft, path, overwrite: false); // where there are no links, too
        }
        catch (IOException) when (File.Exists(path))
        {
        }
    }

    private static void RefuseIfShared(string path, string mode)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != 0)
        {
            throw new UnauthorizedAccessException($"Others may reach the private '{path}'. Set its mode to {mode}.");
        }
    }

    /// <summary>Flush(true) of .NET 10 returns normally when fsync fails, so its result is asked for here.</summary>
    private static void Sync(SafeFileHandle file)
    {
        if (!OperatingSystem.IsWindows() && FSync(file) != 0)
        {
            throw Failed("fsync");
        }
    }

    /// <summary>The file's name is the folder's content: without this it may be gone after a power cut.</summary>
    private static void SyncFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var handle = Open(folder, flags: 0); // O_RDONLY; .NET itself opens no folders
        if (handle.IsInvalid)
        {
            throw Failed($"open {folder}");
        }

        Sync(handle);
    }

    private static IOException Failed(string call) => new($"{call}: {Marshal.GetLastPInvokeErrorMessage()}");

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int FSync(SafeFileHandle file);

    [DllImport("libc", EntryPoint = "link", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link([MarshalAs(UnmanagedType.LPUTF8Str)] string from, [MarshalAs(UnmanagedType.LPUTF8Str)] string to);

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern SafeFileHandle Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
}
