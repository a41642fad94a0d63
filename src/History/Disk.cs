using System.Runtime.InteropServices;

namespace OrleansIoT.History;

/// <summary>What .NET does not do: it opens no directories, and .NET 10.0 lets errors of fsync pass unseen.</summary>
internal static partial class Disk
{
    /// <summary>Makes a file's content, or a directory's names, durable.</summary>
    /// <exception cref="IOException">It is not.</exception>
    public static void Flush(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var descriptor = Libc.Open(path, 0);
        if (descriptor < 0)
        {
            throw LastError(path);
        }

        try
        {
            if (Libc.Fsync(descriptor) != 0)
            {
                throw LastError(path);
            }
        }
        finally
        {
            _ = Libc.Close(descriptor);
        }
    }

    private static IOException LastError(string path) =>
        new($"{path}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    private static partial class Libc
    {
        [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        public static partial int Open(string path, int flags);

        [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
        public static partial int Fsync(int descriptor);

        [LibraryImport("libc", EntryPoint = "close")]
        public static partial int Close(int descriptor);
    }
}
