using System.Buffers.Text;
using System.Security.Cryptography;
using OrleansIoT.Grains.Identity;

namespace OrleansIoT.Grains.Devices;

/// <summary>A device's secret.</summary>
internal static class DeviceKey
{
    public static string Create() => Secret.Create();

    public static byte[] Hash(string key) => Secret.Hash(key);

    /// <summary>
    /// A name for the key that does not help to guess it and changes with it. Made of what is stored anyway, so devices of
    /// before it have one too.
    /// </summary>
    public static string CredentialId(byte[] hash) =>
        Base64Url.EncodeToString(SHA256.HashData([.. "credential of "u8, .. hash]).AsSpan(0, 16));

    /// <summary>In time that does not depend on how much of the key is right.</summary>
    public static bool Matches(byte[] hash, string key) => Secret.Matches(hash, key);
}
