using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>
/// The keys of tokens, made in <c>keys</c> of the data directory at the first start and read again within a second of a
/// change (<see cref="KeyRotation"/>), or at once when a token names one that is new, at most once a second. While the
/// folder has something that is no key, the keys until then go on, and the log says so.
/// </summary>
internal sealed partial class TokenKeys : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>A new key signs only when every gateway of the folder has had time to see it.</summary>
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(3);

    private readonly string _folder;
    private readonly TimeProvider _clock;
    private readonly ILogger<TokenKeys> _logger;
    private readonly Lock _looking = new();
    private readonly ITimer _timer;
    private volatile State _state;
    private string _seen;
    private string? _failed;
    private long? _askedAt;
    private long _withdrawals;

    /// <exception cref="InvalidDataException">A file is no key of its kind, or a weak one.</exception>
    /// <exception cref="UnauthorizedAccessException">Others may reach a private key.</exception>
    public TokenKeys(IOptions<GatewayOptions> options, TimeProvider clock, ILogger<TokenKeys> logger)
    {
        (_clock, _logger) = (clock, logger);
        _folder = KeyFile.FolderOf(options.Value.DataDirectory);
        PrivateFile.ReadOrCreate(KeyFile.Current(_folder, KeyFile.Signing).Path, KeyFile.NewSigningKey);
        _seen = ContentOf(_folder);
        _state = new State(KeyRing.Read(_folder), null, 0);
        if (options.Value.TokenEncryption == TokenEncryptionMode.Issue)
        {
            ToEncrypt();
        }

        _timer = clock.CreateTimer(_ => LookUnlessBusy(), null, Period, Period);
    }

    public KeyRing Ring => _state.Ring;

    /// <summary>Grows when a key is gone: what it has proved is to be proved again.</summary>
    public long Withdrawals => Volatile.Read(ref _withdrawals);

    public void Dispose() => _timer.Dispose();

    /// <summary>What a token is to be signed with now.</summary>
    public SigningCredentials ToSign()
    {
        var state = _state;
        return IsNew(state) && state.Ring.Knows(state.Before!.Signing.KeyId) ? state.Before.Credentials : state.Ring.Credentials;
    }

    /// <returns>The key of this id if it may verify a token of this kind now, or null.</returns>
    public ECDsaSecurityKey? ToVerify(string kid, CallerKind kind) => RingFor(kid).ToVerify(kid, kind, _clock.GetUtcNow());

    /// <returns>The key of this id if it may decrypt a token now, or null.</returns>
    public RsaSecurityKey? ToDecrypt(string kid) => RingFor(kid).ToDecrypt(kid, _clock.GetUtcNow());

    public IEnumerable<ECDsaSecurityKey> Published() => Ring.Published(_clock.GetUtcNow());

    /// <summary>The key to encrypt tokens to. It takes a moment to make, and few want one, so it is made for the first who asks.</summary>
    public RsaSecurityKey ToEncrypt()
    {
        var state = _state;
        if (IsNew(state) && state.Before!.Encryption is { } before && state.Ring.Knows(before.KeyId))
        {
            return before;
        }

        if (state.Ring.Encryption is { } key)
        {
            return key;
        }

        lock (_looking)
        {
            PrivateFile.ReadOrCreate(KeyFile.Current(_folder, KeyFile.Encryption).Path, KeyFile.NewEncryptionKey);
            Look();
            return Ring.Encryption ?? throw new IOException("The key that tokens are encrypted to cannot be read; the log says why.");
        }
    }

    /// <summary>Another gateway may have heard of a new key before us, so one that is unknown is looked for, and not too often.</summary>
    private KeyRing RingFor(string kid)
    {
        if (!Ring.Knows(kid))
        {
            lock (_looking)
            {
                if (!Ring.Knows(kid) && (_askedAt is not { } askedAt || _clock.GetElapsedTime(askedAt) >= Period))
                {
                    _askedAt = _clock.GetTimestamp();
                    Look();
                }
            }
        }

        return Ring;
    }

    private void LookUnlessBusy()
    {
        if (_looking.TryEnter())
        {
            try
            {
                Look();
            }
            finally
            {
                _looking.Exit();
            }
        }
    }

    private void Look()
    {
        var content = "";
        try
        {
            content = ContentOf(_folder);
            if (content != _seen)
            {
                Take(KeyRing.Read(_folder));
                _seen = content;
            }

            _failed = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            if (_failed != content)
            {
                _failed = content; // once for each state of the folder
                LogUnreadable(e.Message);
            }
        }
    }

    private void Take(KeyRing ring)
    {
        var before = Ring;
        _state = new State(ring, before, _clock.GetTimestamp());
        if (!ring.HasAllOf(before))
        {
            Interlocked.Increment(ref _withdrawals);
        }

        LogRead(ring.Signing.KeyId);
    }

    private bool IsNew(State state) => state.Before is not null && _clock.GetElapsedTime(state.Since) < Delay;

    /// <summary>A change within a tick of the file system's clock has the same time, so the files are compared by what is in them.</summary>
    private static string ContentOf(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var path in Directory.EnumerateFiles(folder, "*.pem").Order(StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(path));
            hash.AppendData(File.ReadAllBytes(path));
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    /// <param name="Ring">The keys.</param>
    /// <param name="Before">Those before.</param>
    /// <param name="Since">When they came in their place.</param>
    private sealed record State(KeyRing Ring, KeyRing? Before, long Since);
}
