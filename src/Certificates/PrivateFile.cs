using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace OrleansIoT.Certificates;

/// <summary>A file that nobody else reads: mode 600 in a folder of mode 700, whole or not there at all, also after a power cut.</summary>
public static class PrivateFile
{
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
            Create(path, folder, make());
        }

        RefuseIfShared(path, "600");
        return File.ReadAllText(path);
    }

    /// <summary>Writes the file anew: whoever reads it finds the old content or the new one, also after a power cut.</summary>
    /// <exception cref="UnauthorizedAccessException">Others than the owner have a right to its folder.</exception>
    public static void Replace(string path, string content)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        CreateFolder(folder);
        Create(path, folder, content, overwrite: true);
    }

    /// <summary>A folder of mode 700.</summary>
    /// <exception cref="UnauthorizedAccessException">It is there, and others than the owner have a right to it.</exception>
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

    private static void Create(string path, string folder, string content, bool overwrite = false)
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

            if (overwrite)
            {
                File.Move(draft, path, overwrite: true);
            }
            else
            {
                MoveUnlessThere(draft, path);
            }

            SyncFolder(folder);
        }
        finally
        {
            File.Delete(draft);
        }
    }

    private static void MoveUnlessThere(string draft, string path)
    {
        try
        {
            File.Move(draft, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another process was faster, and its file is the one that counts.
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

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern SafeFileHandle Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
}
