using System.Globalization;

namespace OrleansIoT.Shims;

/// <summary>
/// A directory on a disk that can be slow, can fail, and forgets at a power cut what was not fsynced; see <c>powercut.c</c>.
/// For the processes that are started with <see cref="Environment"/>.
/// </summary>
public sealed class UnreliableDisk : IDisposable
{
    private readonly string _journals;
    private readonly string _control;
    private int _life;

    /// <param name="directory">It is created.</param>
    public UnreliableDisk(string directory)
    {
        Directory = System.IO.Directory.CreateDirectory(directory).FullName;
        _journals = System.IO.Directory.CreateDirectory(directory + ".journal").FullName;
        _control = Path.Combine(_journals, "control");
        File.WriteAllBytes(_control, new byte[5 * sizeof(uint)]);
        Forget();
    }

    public string Directory { get; }

    /// <summary>What a process needs in its environment that shall live with this disk.</summary>
    public (string Name, string Value)[] Environment =>
    [
        ("LD_PRELOAD", Compiler.PowerCut),
        ("POWERCUT_DIR", Directory),
        ("POWERCUT_JOURNAL", Journal),
        ("POWERCUT_CONTROL", _control),
    ];

    /// <summary>How long each fsync takes longer, from now on.</summary>
    public TimeSpan SyncDelay
    {
        set => Set(0, (uint)value.TotalMilliseconds);
    }

    /// <summary>Every so many-th fsync fails (EIO), and what it should have made durable never is; 0 for none.</summary>
    public int SyncFailsEvery
    {
        set => Set(1, (uint)value);
    }

    /// <summary>Every so many-th write fails; 0 for none.</summary>
    public int WriteFailsEvery
    {
        set => Set(2, (uint)value);
    }

    /// <summary>Every so many-th write writes only half, and says so; 0 for none.</summary>
    public int WriteIsTornEvery
    {
        set => Set(3, (uint)value);
    }

    /// <summary>The error of writes that fail: EIO unless it is set.</summary>
    public int WriteError
    {
        set => Set(4, (uint)value);
    }

    private string Journal => Path.Combine(_journals, _life.ToString(CultureInfo.InvariantCulture));

    /// <summary>The power cut, after which the process is dead: what was not durable is lost, or all but a part of it.</summary>
    /// <param name="seed">Which part.</param>
    /// <param name="percent">How much of it reached the disk.</param>
    /// <param name="isTorn">Whether single sectors of a write did.</param>
    /// <returns>What happened, in words.</returns>
    public string CutPower(int seed, int percent = 0, bool isTorn = false)
    {
        var cut = Compiler.Run(
            Compiler.Cut,
            [Journal, seed.ToString(CultureInfo.InvariantCulture), percent.ToString(CultureInfo.InvariantCulture), isTorn ? "1" : "0"],
            ("POWERCUT_DIR", Directory));
        Forget();
        return cut;
    }

    /// <summary>The next process begins with a disk that has written everything.</summary>
    public void Forget()
    {
        if (_life > 0)
        {
            System.IO.Directory.Delete(Journal, recursive: true);
        }

        _life++;
        System.IO.Directory.CreateDirectory(Journal);
    }

    public void Dispose()
    {
        System.IO.Directory.Delete(_journals, recursive: true);
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private void Set(int index, uint value)
    {
        using var file = new FileStream(_control, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.Position = index * sizeof(uint);
        file.Write(BitConverter.GetBytes(value));
    }
}
