using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansIoT.Certificates;

public static class Authority
{
    /// <summary>Who issues: a name together with a key. A certificate over both that was renewed is the same authority.</summary>
    public static string KeyOf(X509Certificate2 certificate) =>
        Convert.ToHexString(SHA256.HashData([.. certificate.SubjectName.RawData, .. certificate.PublicKey.ExportSubjectPublicKeyInfo()]));

    public static bool IsRoot(X509Certificate2 certificate) =>
        certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);
}
