using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using OrleansIoT.Certificates;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Identity;

/// <summary>
/// The keys that callers are sealed with, out of the file that all processes of a cluster have; read again within seconds
/// when it changes. Of the keys whose time has come the latest seals, and all in the file are believed: a key that is to
/// seal from a minute on is everywhere by then.
/// </summary>
public sealed partial class ClusterKeys : IDisposable
{
    /// <summary>The oldest envelope that is believed.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(60);

    /// <summary>How far ahead of ours the clock of the process may be that sealed it.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(5);

    /// <summary>Older than this an envelope is not sent any more: it has to live until the call is served.</summary>
    private static readonly TimeSpan Fresh = Lifetime / 3;

    private readonly string _path;
    private readonly TimeProvider _clock;
    private readonly ILogger<ClusterKeys> _logger;
    private readonly FileWatch _watch;
    private volatile ClusterKey[] _keys = [];

    /// <exception cref="InvalidDataException">The file cannot be used; the message says why and what would be right.</exception>
    public ClusterKeys(string path, TimeProvider clock, ILogger<ClusterKeys> logger)
    {
        (_path, _clock, _logger) = (path, clock, logger);
        _watch = new FileWatch([path], clock, Load);
    }

    /// <summary>Of its keys, to compare with those of other processes; nobody can make a key of one.</summary>
    public IReadOnlyList<string> Fingerprints =>
        [.. _keys.Select(key => Convert.ToHexStringLower(HMACSHA256.HashData(key.Secret, "fingerprint"u8))[..16])];

    public void Dispose() => _watch.Dispose();

    public CallerEnvelope Seal(Caller caller)
    {
        var now = _clock.GetUtcNow();
        var keys = _keys;
        var key = keys[0];
        foreach (var other in keys)
        {
            // Should none have begun, on a clock that is wrong, the first to begin seals.
            if (other.From <= now ? key.From > now || other.From > key.From : key.From > now && other.From < key.From)
            {
                key = other;
            }
        }

        return CallerEnvelope.Seal(caller, key.Id, key.Secret, now);
    }

    /// <summary>Whether there is an envelope that need not be sealed anew.</summary>
    public bool IsFresh(CallerEnvelope? envelope) => envelope is not null && AgeOf(envelope) is var age && age >= TimeSpan.Zero && age < Fresh;

    /// <returns>What is wrong with the envelope, one of few words, or null.</returns>
    public string? Fault(CallerEnvelope? envelope)
    {
        if (envelope is null)
        {
            return "missing";
        }

        foreach (var key in _keys)
        {
            if (key.Id == envelope.KeyId)
            {
                var age = AgeOf(envelope);
                return !envelope.IsSealedWith(key.Secret) ? "forged" : age > Lifetime ? "old" : age < -ClockSkew ? "from the future" : null;
            }
        }

        return "unknown key";
    }

    private TimeSpan AgeOf(CallerEnvelope envelope) =>
        TimeSpan.FromMilliseconds(_clock.GetUtcNow().ToUnixTimeMilliseconds() - envelope.SealedAt);

    private void Load()
    {
        try
        {
            _keys = [.. ClusterKey.ReadAll(PrivateFile.Read(_path))];
            LogRead(_logger, string.Join(", ", _keys.Select(key => key.Id)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            var why = $"The key file '{_path}' cannot be used: {e.Message.TrimEnd('.')}.";
            if (_keys.Length == 0)
            {
                throw new InvalidDataException(why, e);
            }

            LogKept(_logger, why);
        }
    }
}
