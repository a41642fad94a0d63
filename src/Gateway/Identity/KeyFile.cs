using System.Globalization;
using System.Security.Cryptography;

namespace OrleansIoT.Gateway.Identity;

/// <summary>
/// A file of the folder <c>keys</c>: <c>{purpose}.pem</c> is the current key of its purpose, and
/// <c>{purpose}.{time}.pem</c> one that was retired at that time.
/// </summary>
internal sealed record KeyFile(string Path, string Purpose, DateTimeOffset? RetiredAt)
{
    /// <summary>The purpose of the key that signs tokens: ES256 (RFC 7518 section 3.4). A retired one is its public half.</summary>
    public const string Signing = "access-tokens";

    /// <summary>The purpose of the key to which tokens are encrypted: RSA-OAEP (RFC 7518 section 4.3), 3,072 bits.</summary>
    public const string Encryption = "token-encryption";

    /// <summary>How long after its retirement a key is good for what lives as long as an access token: their longest life, an hour, and until the last gateway has heard of it.</summary>
    public static readonly TimeSpan AccessTokensEnd = TimeSpan.FromMinutes(62);

    /// <summary>And for devices' tokens: 30 days. After that the file is of no use.</summary>
    public static readonly TimeSpan DeviceTokensEnd = TimeSpan.FromDays(30) + TimeSpan.FromMinutes(2);

    private const string TimeFormat = "yyyyMMdd'T'HHmmssfff'Z'";

    public static string FolderOf(string dataDirectory) => System.IO.Path.Combine(dataDirectory, "keys");

    public static KeyFile Current(string folder, string purpose) =>
        new(System.IO.Path.Combine(folder, $"{purpose}.pem"), purpose, null);

    public static KeyFile Retired(string folder, string purpose, DateTimeOffset at) => new(
        System.IO.Path.Combine(folder, $"{purpose}.{at.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)}.pem"), purpose, at);

    /// <summary>The retired keys of a purpose, the latest first. What else is in the folder is none of ours.</summary>
    public static IReadOnlyList<KeyFile> AllRetired(string folder, string purpose) =>
        [.. Directory.EnumerateFiles(folder, $"{purpose}.*.pem")
            .Select(path => TimeOf(path, purpose) is { } time ? new KeyFile(path, purpose, time) : null)
            .OfType<KeyFile>()
            .OrderByDescending(file => file.RetiredAt)];

    public static string NewSigningKey()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return ecdsa.ExportPkcs8PrivateKeyPem() + "\n";
    }

    public static string NewEncryptionKey()
    {
        using var rsa = RSA.Create(3072);
        return rsa.ExportPkcs8PrivateKeyPem() + "\n";
    }

    /// <summary>The public half, all that a retired signing key is needed for.</summary>
    public static string PublicHalf(string pem)
    {
        using var ecdsa = ECDsa.Create();
        ecdsa.ImportFromPem(pem);
        return ecdsa.ExportSubjectPublicKeyInfoPem() + "\n";
    }

    private static DateTimeOffset? TimeOf(string path, string purpose) => DateTimeOffset.TryParseExact(
        System.IO.Path.GetFileNameWithoutExtension(path)[purpose.Length..].TrimStart('.'),
        TimeFormat,
        CultureInfo.InvariantCulture,
        DateTimeStyles.AssumeUniversal,
        out var time) ? time : null;
}
