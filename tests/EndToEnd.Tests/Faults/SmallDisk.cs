using System.ComponentModel;
using System.Diagnostics;

namespace OrleansIoT.EndToEnd.Tests.Faults;

/// <summary>A file system of its own, of 48 MiB in a file, that can be filled and can fail. Mounting it takes root.</summary>
internal sealed class SmallDisk : IDisposable
{
    private const int Block = 4_096;

    private readonly string _image = IotProcess.NewDataDirectory() + ".img";

    public SmallDisk()
    {
        Path = Directory.CreateDirectory(_image + ".mount").FullName;
        using (var image = File.Create(_image))
        {
            image.SetLength(48 << 20);
        }

        Run("mkfs.ext4", "-q", "-m", "0", _image);
        Mount();
    }

    public string Path { get; }

    public string Data => System.IO.Path.Combine(Path, "data");

    private string Filler => System.IO.Path.Combine(Path, "filler");

    /// <summary>Takes all the space that is left but for so many bytes.</summary>
    public void Fill(int but)
    {
        using (var filler = new FileStream(Filler, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0))
        {
            try
            {
                for (var size = 1 << 20; ; filler.Write(new byte[size]))
                {
                    size = new DriveInfo(Path).AvailableFreeSpace > 2 << 20 ? 1 << 20 : Block;
                }
            }
            catch (IOException)
            {
                // full
            }
        }

        using var shorter = File.OpenWrite(Filler);
        shorter.SetLength(Math.Max(0, shorter.Length - but));
    }

    public void Empty() => File.Delete(Filler);

    /// <summary>As the kernel does when it finds the file system damaged: from now on it can only be read.</summary>
    public void BecomeReadOnly() => Run("mount", "-o", "remount,abort", Path);

    /// <summary>Unmounts, repairs, and mounts.</summary>
    public void Repair()
    {
        Run("umount", Path);
        Run("e2fsck", "-p", "-f", _image);
        Mount();
    }

    public void Dispose()
    {
        try
        {
            Run("umount", Path);
        }
        finally
        {
            File.Delete(_image);
            Directory.Delete(Path);
        }
    }

    private void Mount() => Run("mount", "-o", "loop", _image, Path);

    private static void Run(string program, params string[] arguments)
    {
        var said = "it is not installed";
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            said = process.StandardError.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode == 0 || (program == "e2fsck" && process.ExitCode == 1))
            {
                return;
            }
        }
        catch (Win32Exception)
        {
        }

        throw new InvalidOperationException($"This test mounts a file system, which takes root: {program} {string.Join(' ', arguments)}: {said}");
    }
}
