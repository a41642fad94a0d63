using Microsoft.Extensions.Logging;

namespace OrleansIoT.History;

/// <summary>
/// The directory that everything durable is in, held by one process at a time. What it creates only its owner may read.
/// </summary>
public sealed partial class DataDirectory : IDisposable
{
    private const string LockName = "iot.lock";

    // Beside the lock file and not in it: what is locked cannot be read by the one who is refused.
    private const string PidName = "iot.pid";

    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream @lock)
    {
        Path = path;
        _lock = @lock;
    }

    /// <summary>The full path.</summary>
    public string Path { get; }

    /// <summary>Opens the directory, which is created with mode 700 if need be, and holds it until it is disposed.</summary>
    /// <exception cref="DataDirectoryException">It cannot be written to, or another process has it.</exception>
    public static DataDirectory Open(string path, ILogger<DataDirectory> log)
    {
        path = System.IO.Path.GetFullPath(path);
        try
        {
            Create(path);
            var directory = new DataDirectory(path, Lock(path));
            directory.WritePid();
            WarnIfInMemory(path, log);
            return directory;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataDirectoryException($"The data directory {path} cannot be written to: {OneLine(e.Message)}", e);
        }
    }

    /// <summary>Whether nobody has it, asked without creating anything; another process may still take it before <see cref="Open"/>.</summary>
    /// <exception cref="DataDirectoryException">Another process has it.</exception>
    public static void CheckFree(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        if (File.Exists(System.IO.Path.Combine(path, LockName)))
        {
            try
            {
                Lock(path).Dispose();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Open says what is wrong.
            }
        }
    }

    /// <summary>As <see cref="Open"/>, but null when another process has it.</summary>
    internal static DataDirectory? OpenUnlessInUse(string path, ILogger<DataDirectory> log)
    {
        try
        {
            return Open(path, log);
        }
        catch (DataDirectoryException e) when (e.InnerException is IOException refused && IsSharingViolation(refused))
        {
            return null;
        }
    }

    /// <summary>The full path of a file in the directory.</summary>
    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Creates an empty file that only its owner may read (mode 600), unless there is one.</summary>
    public void CreateFile(string name)
    {
        if (!File.Exists(PathOf(name)))
        {
            OpenFile(PathOf(name), FileShare.ReadWrite).Dispose();
        }
    }

    /// <summary>Creates a file that only its owner may read, or writes it anew.</summary>
    internal static void CreateFile(string path, Stream content)
    {
        File.Delete(path);
        using var file = OpenFile(path, FileShare.ReadWrite);
        content.CopyTo(file);
    }

    /// <summary>Makes the names of created files durable.</summary>
    public void Flush() => Disk.Flush(Path);

    public void Dispose()
    {
        File.Delete(PathOf(PidName));
        _lock.Dispose();
    }

    /// <summary>Creates a directory with mode 700, and those that it is in, unless it is there.</summary>
    internal static void Create(string path)
    {
        if (Directory.Exists(path))
        {
            return;
        }

        var parent = System.IO.Path.GetDirectoryName(path);
        if (parent is not null)
        {
            Create(parent);
        }

        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        Disk.Flush(parent ?? path);
    }

    private static FileStream Lock(string path)
    {
        try
        {
            return OpenFile(System.IO.Path.Combine(path, LockName), FileShare.None);
        }
        catch (IOException e) when (IsSharingViolation(e))
        {
            var pid = System.IO.Path.Combine(path, PidName);
            var holder = File.Exists(pid) ? $" (pid {File.ReadAllText(pid).Trim()})" : "";
            throw new DataDirectoryException(
                $"OrleansIoT runs here already{holder}: the data directory {path} is in use by another process. End that one, or choose another directory.", e);
        }
    }

    private void WritePid()
    {
        try
        {
            File.WriteAllText(PathOf(PidName), $"{Environment.ProcessId}\n");
            Flush();
        }
        catch
        {
            _lock.Dispose();
            throw;
        }
    }

    private static bool IsSharingViolation(IOException e) =>
        // EWOULDBLOCK of flock on Linux and macOS, ERROR_SHARING_VIOLATION on Windows
        e.HResult is 11 or 35 or unchecked((int)0x80070020);

    private static FileStream OpenFile(string path, FileShare share)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = share,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }

    private static void WarnIfInMemory(string path, ILogger log)
    {
        if (!OperatingSystem.IsWindows() && new DriveInfo(path).DriveFormat is "tmpfs" or "ramfs")
        {
            LogInMemory(log, path);
        }
    }

    private static string OneLine(string message) => message.ReplaceLineEndings(" ");
}
