using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;

namespace OrleansIoT.Certificates.Pki;

/// <summary>What the authority remembers: every certificate that it has issued, and the number of its last revocation list.</summary>
internal sealed record PkiIndex(long ListNumber, TimeSpan ListLifetime, ImmutableList<IssuedCertificate> Certificates);

/// <summary>
/// The directory of a certification authority. Every file is replaced whole and durably, and the index before what it
/// speaks of: a crash may leave a certificate in the index that is nowhere, and never one outside that is not in it.
/// </summary>
internal sealed class PkiFiles(string directory)
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public string Path { get; } = System.IO.Path.GetFullPath(directory);

    public string Authority => In("ca.crt");

    public string AuthorityKey => In("ca.key");

    public string RevocationList => In("crl.pem");

    public string Index => In("index.json");

    public string CertificateOf(string name) => In($"issued/{name}.crt");

    public string KeyOf(string name) => In($"issued/{name}.key");

    /// <summary>Held while something is changed; another process that does the same is waited for.</summary>
    /// <exception cref="PkiException">It does not end.</exception>
    public FileStream Lock()
    {
        PrivateFile.CreateFolder(Path);
        var start = Environment.TickCount64;
        while (true)
        {
            try
            {
                return new FileStream(In("lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (File.Exists(In("lock")))
            {
                if (Environment.TickCount64 - start > Patience.TotalMilliseconds)
                {
                    throw new PkiException($"Another process works in {Path} and does not end.", e);
                }

                Thread.Sleep(20);
            }
        }
    }

    /// <exception cref="PkiException">There is none, or it cannot be read.</exception>
    public PkiIndex ReadIndex()
    {
        try
        {
            return JsonSerializer.Deserialize<PkiIndex>(File.ReadAllText(Index), Json)
                ?? throw new JsonException("it is empty");
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw new PkiException(
                e is JsonException
                    ? $"The index {Index} cannot be read: {e.Message} Restore it from a backup: without it nothing can be revoked by its name."
                    : $"There is no certification authority in {Path}: --pki init makes one.",
                e);
        }
    }

    public void WriteIndex(PkiIndex index) => PrivateFile.Write(Index, JsonSerializer.Serialize(index, Json) + "\n");

    /// <summary>The key in the file, which is made, over the curve P-256, if there is none.</summary>
    public static ECDsa Key(string file)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(PrivateFile.ReadOrCreate(file, () =>
            {
                using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
                return made.ExportPkcs8PrivateKeyPem() + "\n";
            }));
            return key;
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new PkiException($"The key {file} cannot be read: {e.Message}", e);
        }
    }

    private string In(string file) => System.IO.Path.Combine(Path, file);
}
