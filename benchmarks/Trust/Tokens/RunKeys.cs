using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.IdentityModel.Tokens;
using OrleansIoT.Certificates;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Grains.Identity;

namespace OrleansIoT.Benchmarks.Trust.Tokens;

/// <summary>The secrets of one run, in its folder: the key of tokens, the keys of the cluster, a CA with certificates and a revocation list.</summary>
internal static class RunKeys
{
    public const string Good = "peer";
    public const string Revoked = "revoked";
    public const string Device = "device";
    public const string Foreign = "foreign";

    public static string ClusterKeysIn(string folder) => Path.Combine(folder, "cluster.keys");

    public static string ProductIn(string folder) => Path.Combine(folder, "gateway");

    public static string CaIn(string folder) => Path.Combine(folder, "ca.crt");

    public static string RevocationListIn(string folder) => Path.Combine(folder, "ca.crl");

    public static (string Certificate, string Key) CertificateIn(string folder, string name) =>
        (Path.Combine(folder, name + ".crt"), Path.Combine(folder, name + ".key"));

    public static void Make(string folder)
    {
        PrivateFile.CreateFolder(folder);
        var tokens = KeyFile.Current(KeyFile.FolderOf(ProductIn(folder)), KeyFile.Signing).Path;
        PrivateFile.CreateFolder(ProductIn(folder));
        var pem = PrivateFile.ReadOrCreate(tokens, KeyFile.NewSigningKey);
        File.WriteAllText(PublicKeyIn(folder), KeyFile.PublicHalf(pem));
        ClusterKeyFile.Rotate(ClusterKeysIn(folder), TimeProvider.System);
        var authority = new RunAuthority("Cluster");
        File.WriteAllText(CaIn(folder), authority.Pem);
        string[] peer = [KeyUsages.ServerAuth, KeyUsages.ClientAuth, KeyUsages.ClusterPeer];
        Save(folder, Good, authority.Issue(Good, peer));
        var revoked = authority.Issue(Revoked, peer);
        Save(folder, Revoked, revoked);
        Save(folder, Device, authority.Issue(Device, [KeyUsages.ClientAuth]));
        Save(folder, Foreign, new RunAuthority("Cluster").Issue(Foreign, peer));
        File.WriteAllBytes(RevocationListIn(folder), authority.RevocationList(revoked));
    }

    /// <summary>The key that signs, for who may.</summary>
    public static ECDsaSecurityKey Signing(string folder) =>
        Read(PrivateFile.Read(KeyFile.Current(KeyFile.FolderOf(ProductIn(folder)), KeyFile.Signing).Path));

    /// <summary>Its public half.</summary>
    public static ECDsaSecurityKey Verifying(string folder) => Read(File.ReadAllText(PublicKeyIn(folder)));

    private static string PublicKeyIn(string folder) => Path.Combine(folder, "tokens.pub.pem");

    private static ECDsaSecurityKey Read(string pem)
    {
        var ecdsa = ECDsa.Create();
        ecdsa.ImportFromPem(pem);
        var key = new ECDsaSecurityKey(ecdsa);
        key.KeyId = Base64UrlEncoder.Encode(key.ComputeJwkThumbprint());
        return key;
    }

    private static void Save(string folder, string name, X509Certificate2 certificate)
    {
        var (path, key) = CertificateIn(folder, name);
        File.WriteAllText(path, certificate.ExportCertificatePem());
        using var ecdsa = certificate.GetECDsaPrivateKey()!;
        PrivateFile.Write(key, ecdsa.ExportPkcs8PrivateKeyPem());
    }
}
