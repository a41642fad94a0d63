namespace OrleansIoT.Certificates;

/// <summary>Whom to trust, as files say it.</summary>
/// <param name="Whom">Who shows the certificates, in one word for messages: device, peer.</param>
/// <param name="Authorities">Files in PEM with the CAs; those that signed themselves are trusted, others lead to them.</param>
/// <param name="RevocationLists">Files in DER or PEM with the revocation lists of those CAs. None: nothing is taken for revoked.</param>
public sealed record TrustFiles(string Whom, IReadOnlyList<string> Authorities, IReadOnlyList<string> RevocationLists)
{
    /// <summary>The extended key usages that a certificate has to have, all of them, as dotted numbers.</summary>
    public IReadOnlyList<string> Usages { get; init; } = [KeyUsages.ClientAuth];

    /// <summary>The largest file of revocation lists, in bytes.</summary>
    public int MaxRevocationListBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Whether a certificate is taken when the revocation list of its issuer is missing or past its next update.</summary>
    public bool AcceptUnknownRevocation { get; init; }
}
