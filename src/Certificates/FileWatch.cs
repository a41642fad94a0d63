using System.Security.Cryptography;

namespace OrleansIoT.Certificates;

/// <summary>
/// Files that somebody replaces while we run. They are looked at once a second: events of the file system do not tell of
/// the symbolic links behind which secrets are mounted.
/// </summary>
public sealed class FileWatch : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly IReadOnlyList<string> _paths;
    private readonly Action _changed;
    private readonly Lock _looking = new();
    private readonly ITimer _timer;
    private Stamp[] _seen;

    /// <param name="paths">The files.</param>
    /// <param name="time">The clock.</param>
    /// <param name="changed">Called from the constructor to read them for the first time, and then, never twice at once, when one of them has changed.</param>
    public FileWatch(IReadOnlyList<string> paths, TimeProvider time, Action changed)
    {
        _paths = paths;
        _changed = changed;
        _seen = Stamps(); // before they are read: what changes meanwhile is read again
        changed();
        _timer = time.CreateTimer(_ => Look(), null, Period, Period);
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        if (!_looking.TryEnter())
        {
            return; // the look before has not finished
        }

        try
        {
            var stamps = Stamps();
            if (!stamps.AsSpan().SequenceEqual(_seen))
            {
                _seen = stamps;
                _changed();
            }
        }
        finally
        {
            _looking.Exit();
        }
    }

    private Stamp[] Stamps() => [.. _paths.Select(Stamp.Of)];

    /// <summary>A change within a tick of the file system's clock has the same time, so what is small is compared by what is in it.</summary>
    private readonly record struct Stamp(DateTime Written, long Length, string? Hash)
    {
        private const int Small = 1024 * 1024;

        public static Stamp Of(string path)
        {
            try
            {
                var file = new FileInfo(path);
                var target = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
                if (!target.Exists)
                {
                    return default;
                }

                using var content = target.Length <= Small ? target.OpenRead() : null;
                return new Stamp(
                    target.LastWriteTimeUtc, target.Length, content is null ? null : Convert.ToHexString(SHA256.HashData(content)));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return default; // gone, or for a moment not there: who reads it says so
            }
        }
    }
}
