using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace OrleansIoT.Grains.Devices;

/// <summary>
/// A device's secret: 256 random bits in base64url, 43 characters. It has all the entropy there is, so one SHA-256 hides
/// it as well as a slow hash would, and costs a reconnecting fleet nothing.
/// </summary>
internal static class DeviceKey
{
    public static string Create() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    /// <summary>
    /// A name for the key that does not help to guess it and changes with it. Made of what is stored anyway, so devices of
    /// before it have one too.
    /// </summary>
    public static string CredentialId(byte[] hash) =>
        Base64Url.EncodeToString(SHA256.HashData([.. "credential of "u8, .. hash]).AsSpan(0, 16));

    /// <summary>In time that does not depend on how much of the key is right.</summary>
    public static bool Matches(byte[] hash, string key) => CryptographicOperations.FixedTimeEquals(hash, Hash(key));
}
