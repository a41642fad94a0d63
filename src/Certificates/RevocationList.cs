using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansIoT.Certificates;

/// <summary>
/// A certificate revocation list (RFC 5280 section 5): which serial numbers of one issuer are not to be trusted any more.
/// .NET can write one and cannot check one. Pure: who signed it and whether it is fresh is for the caller to ask.
/// </summary>
public sealed class RevocationList
{
    private const string CrlNumber = "2.5.29.20";

    private readonly HashSet<BigInteger> _serials;
    private readonly string _algorithm;
    private readonly byte[] _signed;
    private readonly byte[] _signature;

    private RevocationList(Body body, byte[] signed, string algorithm, byte[] signature)
    {
        (_serials, _signed, _algorithm, _signature) = (body.Serials, signed, algorithm, signature);
        (Issuer, Number, ThisUpdate, NextUpdate) = (body.Issuer, body.Number, body.ThisUpdate, body.NextUpdate);
    }

    /// <summary>The issuer's name as its certificate has it, in DER.</summary>
    public ReadOnlyMemory<byte> Issuer { get; }

    /// <summary>Grows with each list of an issuer (section 5.2.3); null in lists that have none.</summary>
    public BigInteger? Number { get; }

    public DateTimeOffset ThisUpdate { get; }

    /// <summary>By then there is a newer one.</summary>
    public DateTimeOffset NextUpdate { get; }

    /// <summary>By then the next one should be there; what comes in the second half is for faults to be put right in.</summary>
    public DateTimeOffset HalfLife => ThisUpdate + (NextUpdate - ThisUpdate) / 2;

    public int Count => _serials.Count;

    public bool Revokes(BigInteger serial) => _serials.Contains(serial);

    public bool IsOlderThan(RevocationList other) =>
        Number is { } number && other.Number is { } others ? number < others : ThisUpdate < other.ThisUpdate;

    /// <summary>Whether this certification authority issued the list: its name, its right to (section 4.2.1.3), its signature.</summary>
    public bool IsIssuedBy(X509Certificate2 authority)
    {
        if (!Issuer.Span.SequenceEqual(authority.SubjectName.RawData)
            || authority.Extensions.OfType<X509KeyUsageExtension>().Any(usage => !usage.KeyUsages.HasFlag(X509KeyUsageFlags.CrlSign)))
        {
            return false;
        }

        var (hash, isRsa) = Algorithm(_algorithm);
        try
        {
            using var rsa = isRsa ? authority.GetRSAPublicKey() : null;
            using var ecdsa = isRsa ? null : authority.GetECDsaPublicKey();
            return rsa?.VerifyData(_signed, _signature, hash, RSASignaturePadding.Pkcs1)
                   ?? ecdsa?.VerifyData(_signed, _signature, hash, DSASignatureFormat.Rfc3279DerSequence)
                   ?? false;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <summary>All lists of a file: one in DER, or any number in PEM.</summary>
    /// <exception cref="FormatException">It is none, or one that says what is not understood here; the message says what.</exception>
    public static IReadOnlyList<RevocationList> ReadAll(byte[] file)
    {
        if (file is [0x30, ..]) // SEQUENCE: DER
        {
            return [Read(file)];
        }

        var lists = new List<RevocationList>();
        var text = System.Text.Encoding.Latin1.GetString(file);
        foreach (var range in PemBlocks(text))
        {
            lists.Add(Read(Convert.FromBase64String(text[range])));
        }

        return lists.Count > 0 ? lists : throw new FormatException("it has no revocation list");
    }

    /// <exception cref="FormatException">As <see cref="ReadAll"/>.</exception>
    public static RevocationList Read(byte[] der)
    {
        try
        {
            var outer = new AsnReader(der, AsnEncodingRules.DER);
            var list = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            var signed = list.ReadEncodedValue();
            var algorithm = list.ReadEncodedValue();
            var signature = list.ReadBitString(out var unused);
            list.ThrowIfNotEmpty();
            var body = new AsnReader(signed, AsnEncodingRules.DER).ReadSequence();
            return unused == 0
                ? new RevocationList(ReadBody(body, algorithm), signed.ToArray(), AlgorithmId(algorithm), signature)
                : throw new FormatException("its signature is no row of bytes");
        }
        catch (AsnContentException e)
        {
            throw new FormatException($"it is not a revocation list: {e.Message}", e);
        }
    }

    private static IEnumerable<Range> PemBlocks(string text)
    {
        var start = 0;
        while (PemEncoding.TryFind(text.AsSpan(start), out var block))
        {
            if (text[(start + block.Label.Start.Value)..(start + block.Label.End.Value)] == "X509 CRL")
            {
                yield return (start + block.Base64Data.Start.Value)..(start + block.Base64Data.End.Value);
            }

            start += block.Location.End.Value;
        }
    }

    private static Body ReadBody(AsnReader body, ReadOnlyMemory<byte> outerAlgorithm)
    {
        if (body.PeekTag().HasSameClassAndValue(Asn1Tag.Integer) && body.ReadInteger() != 1)
        {
            throw new FormatException("its version is not 2");
        }

        if (!body.ReadEncodedValue().Span.SequenceEqual(outerAlgorithm.Span))
        {
            throw new FormatException("its two algorithms differ"); // section 5.1.1.2
        }

        var issuer = body.ReadEncodedValue();
        var thisUpdate = ReadTime(body);
        var nextUpdate = body.HasData && IsTime(body.PeekTag())
            ? ReadTime(body)
            : throw new FormatException("it does not say when the next one comes"); // section 5.1.2.5 demands it
        var serials = body.HasData && body.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence) ? ReadEntries(body.ReadSequence()) : [];
        var extensions = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        var number = body.HasData ? ReadExtensions(body.ReadSequence(extensions).ReadSequence()) : null;
        body.ThrowIfNotEmpty();
        return new Body(issuer.ToArray(), thisUpdate, nextUpdate, serials, number);
    }

    private static HashSet<BigInteger> ReadEntries(AsnReader entries)
    {
        var serials = new HashSet<BigInteger>();
        while (entries.HasData)
        {
            var entry = entries.ReadSequence();
            serials.Add(entry.ReadInteger());
            _ = ReadTime(entry);
            if (entry.HasData)
            {
                _ = ReadExtensions(entry.ReadSequence());
            }

            entry.ThrowIfNotEmpty();
        }

        return serials;
    }

    /// <summary>
    /// What is critical has to be understood, or the list is not to be used (sections 5.2 and 5.3). We understand none of
    /// those: a list of changes only, of some certificates only, or of several issuers.
    /// </summary>
    private static BigInteger? ReadExtensions(AsnReader extensions)
    {
        BigInteger? number = null;
        while (extensions.HasData)
        {
            var extension = extensions.ReadSequence();
            var id = extension.ReadObjectIdentifier();
            if (extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && extension.ReadBoolean())
            {
                throw new FormatException($"it has the critical extension {id}, which is not supported");
            }

            var value = extension.ReadOctetString();
            if (id == CrlNumber)
            {
                number = new AsnReader(value, AsnEncodingRules.DER).ReadInteger();
            }
        }

        return number;
    }

    private static DateTimeOffset ReadTime(AsnReader reader) =>
        reader.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? reader.ReadUtcTime() : reader.ReadGeneralizedTime();

    private static bool IsTime(Asn1Tag tag) =>
        tag.HasSameClassAndValue(Asn1Tag.UtcTime) || tag.HasSameClassAndValue(Asn1Tag.GeneralizedTime);

    private static string AlgorithmId(ReadOnlyMemory<byte> algorithm)
    {
        var id = new AsnReader(algorithm, AsnEncodingRules.DER).ReadSequence().ReadObjectIdentifier();
        _ = Algorithm(id);
        return id;
    }

    /// <summary>RFC 4055 section 5, RFC 5758 section 3.2. Nothing older: a list whose signature can be forged is worse than none.</summary>
    private static (HashAlgorithmName Hash, bool IsRsa) Algorithm(string id) => id switch
    {
        "1.2.840.113549.1.1.11" => (HashAlgorithmName.SHA256, true),
        "1.2.840.113549.1.1.12" => (HashAlgorithmName.SHA384, true),
        "1.2.840.113549.1.1.13" => (HashAlgorithmName.SHA512, true),
        "1.2.840.10045.4.3.2" => (HashAlgorithmName.SHA256, false),
        "1.2.840.10045.4.3.3" => (HashAlgorithmName.SHA384, false),
        "1.2.840.10045.4.3.4" => (HashAlgorithmName.SHA512, false),
        _ => throw new FormatException($"it is signed with the algorithm {id}; RSA (PKCS #1) and ECDSA with SHA-256, -384 and -512 are supported"),
    };

    private sealed record Body(
        byte[] Issuer, DateTimeOffset ThisUpdate, DateTimeOffset NextUpdate, HashSet<BigInteger> Serials, BigInteger? Number);
}
