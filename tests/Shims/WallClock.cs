namespace OrleansIoT.Shims;

/// <summary>The wall clock of the processes that are started with <see cref="Environment"/>; see <c>clock.c</c>.</summary>
public sealed class WallClock : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public WallClock() => JumpTo(TimeSpan.Zero);

    public (string Name, string Value)[] Environment => [("LD_PRELOAD", Compiler.Clock), ("CLOCK_OFFSET", _file)];

    /// <summary>How far it is from the real time, from now on, in whole seconds.</summary>
    public void JumpTo(TimeSpan offset)
    {
        using var file = new FileStream(_file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.Write(BitConverter.GetBytes((long)offset.TotalSeconds));
    }

    public void Dispose() => File.Delete(_file);
}
