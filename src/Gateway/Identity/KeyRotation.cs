namespace OrleansIoT.Gateway.Identity;

/// <summary>
/// New keys for tokens, made in the folder <c>keys</c> beside the gateways that read it: they notice within seconds. After a
/// crash at any step each key is the old or the new one, and doing it again is right.
/// </summary>
public static class KeyRotation
{
    /// <param name="dataDirectory">The directory whose folder <c>keys</c> has them.</param>
    /// <param name="atOnce">
    /// After a leak: what the keys until now have signed or encrypted is worth nothing any more. Otherwise they go on
    /// verifying it, and decrypting it, until the last of it has ended: an hour for access tokens, 30 days for devices' tokens.
    /// </param>
    /// <param name="clock">When they retire.</param>
    /// <returns>A sentence about what was done.</returns>
    /// <exception cref="IOException">Another rotation is under way, or the folder cannot be written.</exception>
    public static string Rotate(string dataDirectory, bool atOnce, TimeProvider clock)
    {
        var folder = KeyFile.FolderOf(dataDirectory);
        PrivateFile.CreateFolder(folder);
        using var alone = Lock(folder);
        var now = clock.GetUtcNow();
        Rotate(folder, KeyFile.Signing, KeyFile.NewSigningKey, KeyFile.PublicHalf, KeyFile.DeviceTokensEnd, atOnce, now);
        if (File.Exists(KeyFile.Current(folder, KeyFile.Encryption).Path))
        {
            Rotate(folder, KeyFile.Encryption, KeyFile.NewEncryptionKey, pem => pem, KeyFile.AccessTokensEnd, atOnce, now);
        }

        return atOnce
            ? $"The keys in '{folder}' are new, and those before are gone: within seconds everybody signs in or refreshes again, and devices with tokens need new ones."
            : $"The keys in '{folder}' are new; those before go on verifying what they have signed until it ends.";
    }

    private static void Rotate(
        string folder, string purpose, Func<string> make, Func<string, string> retire, TimeSpan life, bool atOnce, DateTimeOffset now)
    {
        var current = KeyFile.Current(folder, purpose).Path;
        if (!atOnce && File.Exists(current))
        {
            // Retired before it is replaced: after a crash between the two it is the current key twice, and that one counts.
            PrivateFile.Write(KeyFile.Retired(folder, purpose, now).Path, retire(PrivateFile.Read(current)));
        }

        PrivateFile.Write(current, make());
        foreach (var file in KeyFile.AllRetired(folder, purpose).Where(file => atOnce || file.RetiredAt + life <= now))
        {
            PrivateFile.Delete(file.Path);
        }
    }

    private static FileStream Lock(string folder)
    {
        var path = Path.Combine(folder, "rotation.lock");
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            return new FileStream(path, options);
        }
        catch (IOException e)
        {
            throw new IOException($"Another rotation has '{path}' open. Wait until it has ended, and try again.", e);
        }
    }
}
