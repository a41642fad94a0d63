using System.Collections.Frozen;
using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>The keys of one moment. Each is named by its RFC 7638 thumbprint: the same key, the same id.</summary>
internal sealed class KeyRing
{
    private const string P256 = "1.2.840.10045.3.1.7"; // RFC 5480 section 2.1.1.1

    private const int MinRsaBits = 2048; // RFC 7518 section 4.3

    private readonly FrozenDictionary<string, Entry<ECDsaSecurityKey>> _verifying;
    private readonly FrozenDictionary<string, Entry<RsaSecurityKey>> _decrypting;

    private KeyRing(
        ECDsaSecurityKey signing, RsaSecurityKey? encryption,
        Dictionary<string, Entry<ECDsaSecurityKey>> verifying, Dictionary<string, Entry<RsaSecurityKey>> decrypting)
    {
        (Signing, Encryption) = (signing, encryption);
        Credentials = new SigningCredentials(signing, SecurityAlgorithms.EcdsaSha256);
        (_verifying, _decrypting) = (verifying.ToFrozenDictionary(StringComparer.Ordinal), decrypting.ToFrozenDictionary(StringComparer.Ordinal));
    }

    /// <summary>What new tokens are signed with.</summary>
    public ECDsaSecurityKey Signing { get; }

    public SigningCredentials Credentials { get; }

    /// <summary>What new tokens are encrypted to; null until somebody wants to.</summary>
    public RsaSecurityKey? Encryption { get; }

    /// <summary>The signing keys that somebody who verifies our access tokens needs now.</summary>
    public IEnumerable<ECDsaSecurityKey> Published(DateTimeOffset now) =>
        _verifying.Values.Where(entry => entry.IsGood(KeyFile.AccessTokensEnd, now)).OrderBy(entry => entry.RetiredAt is not null).Select(entry => entry.Key);

    /// <summary>Whether each key of the other ring is also one of this.</summary>
    public bool HasAllOf(KeyRing other) =>
        other._verifying.Keys.All(_verifying.ContainsKey) && other._decrypting.Keys.All(_decrypting.ContainsKey);

    /// <returns>The key of this id if it may verify a token of this kind now.</returns>
    public ECDsaSecurityKey? ToVerify(string kid, CallerKind kind, DateTimeOffset now) =>
        _verifying.TryGetValue(kid, out var entry)
        && entry.IsGood(kind == CallerKind.Device ? KeyFile.DeviceTokensEnd : KeyFile.AccessTokensEnd, now)
            ? entry.Key
            : null;

    public RsaSecurityKey? ToDecrypt(string kid, DateTimeOffset now) =>
        _decrypting.TryGetValue(kid, out var entry) && entry.IsGood(KeyFile.AccessTokensEnd, now) ? entry.Key : null;

    public bool Knows(string kid) => _verifying.ContainsKey(kid) || _decrypting.ContainsKey(kid);

    /// <summary>The keys of the folder.</summary>
    /// <exception cref="InvalidDataException">A file is no key of its kind, or a weak one.</exception>
    /// <exception cref="UnauthorizedAccessException">Others may reach a private key.</exception>
    public static KeyRing Read(string folder)
    {
        var signing = KeyFile.Current(folder, KeyFile.Signing).Path;
        var encryption = KeyFile.Current(folder, KeyFile.Encryption).Path;
        var sign = ReadSigningKey(PrivateFile.Read(signing), signing, isPrivate: true);
        var encrypt = File.Exists(encryption) ? ReadEncryptionKey(PrivateFile.Read(encryption), encryption) : null;
        Dictionary<string, Entry<ECDsaSecurityKey>> verifying = new() { [sign.KeyId] = new(sign, null) };
        Dictionary<string, Entry<RsaSecurityKey>> decrypting = [];
        if (encrypt is not null)
        {
            decrypting.Add(encrypt.KeyId, new(encrypt, null));
        }

        foreach (var file in KeyFile.AllRetired(folder, KeyFile.Signing))
        {
            var key = ReadSigningKey(File.ReadAllText(file.Path), file.Path, isPrivate: false);
            verifying.TryAdd(key.KeyId, new(key, file.RetiredAt));
        }

        foreach (var file in KeyFile.AllRetired(folder, KeyFile.Encryption))
        {
            var key = ReadEncryptionKey(PrivateFile.Read(file.Path), file.Path);
            decrypting.TryAdd(key.KeyId, new(key, file.RetiredAt));
        }

        return new KeyRing(sign, encrypt, verifying, decrypting);
    }

    private static ECDsaSecurityKey ReadSigningKey(string pem, string path, bool isPrivate)
    {
        var ecdsa = ECDsa.Create();
        try
        {
            ecdsa.ImportFromPem(pem);
            if (ecdsa.ExportParameters(isPrivate).Curve.Oid.Value == P256)
            {
                return Named(new ECDsaSecurityKey(ecdsa));
            }

            throw new CryptographicException("The key is on another curve.");
        }
        catch (Exception exception) when (exception is ArgumentException or CryptographicException)
        {
            ecdsa.Dispose();
            throw new InvalidDataException(
                $"'{path}' is not a {(isPrivate ? "private" : "public")} key on the curve P-256. Put the right file back; or remove it, "
                + (isPrivate ? "then a new key is made and everybody signs in again." : "then what it has signed is refused."),
                exception);
        }
    }

    private static RsaSecurityKey ReadEncryptionKey(string pem, string path)
    {
        var rsa = RSA.Create();
        try
        {
            rsa.ImportFromPem(pem);
            rsa.ExportParameters(includePrivateParameters: true);
            return rsa.KeySize >= MinRsaBits
                ? Named(new RsaSecurityKey(rsa))
                : throw new CryptographicException($"The key has {rsa.KeySize} bits.");
        }
        catch (Exception exception) when (exception is ArgumentException or CryptographicException)
        {
            rsa.Dispose();
            throw new InvalidDataException(
                $"'{path}' is not a private RSA key of at least {MinRsaBits} bits. Put the right file back; or remove it, then a new key is made and tokens that are encrypted to the old one are refused.",
                exception);
        }
    }

    private static TKey Named<TKey>(TKey key)
        where TKey : AsymmetricSecurityKey
    {
        key.KeyId = Base64UrlEncoder.Encode(key.ComputeJwkThumbprint());
        key.CryptoProviderFactory = new CryptoProviderFactory(); // whose cache goes with the key
        return key;
    }

    private sealed record Entry<TKey>(TKey Key, DateTimeOffset? RetiredAt)
    {
        public bool IsGood(TimeSpan life, DateTimeOffset now) => RetiredAt is null || now < RetiredAt + life;
    }
}
