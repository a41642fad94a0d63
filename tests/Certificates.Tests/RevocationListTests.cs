using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OrleansIoT.Fixtures;

namespace OrleansIoT.Certificates.Tests;

/// <summary>RFC 5280 section 5. What is read here was written by .NET or by hand, never by the code under test.</summary>
public sealed class RevocationListTests : IDisposable
{
    private const string EcdsaSha256 = "1.2.840.10045.4.3.2";
    private static readonly DateTimeOffset Now = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    private readonly TestAuthority _authority = new(Now);

    public void Dispose() => _authority.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_list_names_what_it_revokes_and_who_has_issued_it(bool isRsa)
    {
        using var authority = new TestAuthority(Now, isRsa: isRsa);
        using var revoked = authority.Issue("CN=lost");
        using var good = authority.Issue("CN=good");

        var list = RevocationList.Read(authority.Revoke(7, TimeSpan.FromHours(3), revoked));

        Assert.True(list.IsIssuedBy(authority.Certificate));
        Assert.True(list.Revokes(SerialOf(revoked)));
        Assert.False(list.Revokes(SerialOf(good)));
        Assert.Equal((1, new BigInteger(7), Now.AddHours(3), Now.AddDays(-2)), (list.Count, list.Number, list.NextUpdate, list.ThisUpdate));
    }

    [Fact]
    public void An_empty_list_revokes_nothing()
    {
        var list = RevocationList.Read(_authority.Revoke(1));

        Assert.Equal(0, list.Count);
        Assert.True(list.IsIssuedBy(_authority.Certificate));
    }

    [Fact]
    public void A_file_is_der_or_any_number_of_lists_in_pem()
    {
        var (one, two) = (_authority.Revoke(1), _authority.Revoke(2));
        var pem = $"{PemEncoding.WriteString("X509 CRL", one)}\n{_authority.Pem}\n{PemEncoding.WriteString("X509 CRL", two)}\n";

        Assert.Single(RevocationList.ReadAll(one));
        Assert.Equal([1, 2], RevocationList.ReadAll(Encoding.ASCII.GetBytes(pem)).Select(list => (int)list.Number!.Value));
        Assert.Throws<FormatException>(() => RevocationList.ReadAll(Encoding.ASCII.GetBytes(_authority.Pem)));
        Assert.Throws<FormatException>(() => RevocationList.ReadAll([]));
    }

    [Fact]
    public void Another_authority_of_the_same_name_has_not_issued_it()
    {
        using var other = new TestAuthority(Now);
        using var elsewhere = new TestAuthority(Now, "Elsewhere");

        var list = RevocationList.Read(_authority.Revoke(1));

        Assert.False(list.IsIssuedBy(other.Certificate));
        Assert.False(list.IsIssuedBy(elsewhere.Certificate));
    }

    [Fact]
    public void A_change_of_any_byte_is_noticed()
    {
        using var revoked = _authority.Issue("CN=lost");
        var der = _authority.Revoke(1, null, revoked);
        for (var i = 0; i < der.Length; i++)
        {
            var changed = (byte[])der.Clone();
            changed[i] ^= 0x01;
            Assert.False(IsGood(changed), $"byte {i}");
        }
    }

    [Fact]
    public void Nothing_shorter_or_longer_is_a_list()
    {
        var der = _authority.Revoke(1);
        for (var length = 0; length < der.Length; length++)
        {
            Assert.Throws<FormatException>(() => RevocationList.Read(der[..length]));
        }

        Assert.Throws<FormatException>(() => RevocationList.Read([.. der, 0]));
    }

    [Fact]
    public void A_list_by_hand_is_one() => Assert.True(IsGood(ByHand()));

    [Fact]
    public void A_critical_extension_is_refused_because_it_may_say_that_the_list_is_not_all() =>
        Assert.Contains("2.5.29.28", Assert.Throws<FormatException>(() => RevocationList.Read(ByHand(critical: "2.5.29.28"))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_list_that_does_not_say_when_the_next_one_comes_is_refused() =>
        Assert.Throws<FormatException>(() => RevocationList.Read(ByHand(nextUpdate: false)));

    [Theory]
    [InlineData(EcdsaSha256, "1.2.840.10045.4.3.3")] // the one that is signed and the one beside it differ
    [InlineData("1.2.840.10045.4.1", "1.2.840.10045.4.1")] // SHA-1
    [InlineData("1.2.840.113549.1.1.5", "1.2.840.113549.1.1.5")]
    public void An_algorithm_that_is_weak_or_ambiguous_is_refused(string inner, string outer) =>
        Assert.Throws<FormatException>(() => RevocationList.Read(ByHand(inner: inner, outer: outer)));

    [Fact]
    public void The_greater_number_is_the_newer_list_and_without_one_the_later_date()
    {
        var (three, four) = (RevocationList.Read(_authority.Revoke(3)), RevocationList.Read(_authority.Revoke(4)));
        var unnumbered = RevocationList.Read(ByHand());

        Assert.True(three.IsOlderThan(four));
        Assert.False(four.IsOlderThan(three));
        Assert.False(four.IsOlderThan(four));
        Assert.True(four.IsOlderThan(unnumbered)); // two days ago and today
    }

    private bool IsGood(byte[] der)
    {
        try
        {
            return RevocationList.Read(der).IsIssuedBy(_authority.Certificate);
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static BigInteger SerialOf(X509Certificate2 certificate) => new(certificate.SerialNumberBytes.Span, false, true);

    private byte[] ByHand(string inner = EcdsaSha256, string outer = EcdsaSha256, bool nextUpdate = true, string? critical = null)
    {
        var body = new AsnWriter(AsnEncodingRules.DER);
        using (body.PushSequence())
        {
            body.WriteInteger(1);
            WriteAlgorithm(body, inner);
            body.WriteEncodedValue(_authority.Certificate.SubjectName.RawData);
            body.WriteUtcTime(Now);
            if (nextUpdate)
            {
                body.WriteGeneralizedTime(Now.AddDays(1));
            }

            if (critical is not null)
            {
                using (body.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                using (body.PushSequence())
                using (body.PushSequence())
                {
                    body.WriteObjectIdentifier(critical);
                    body.WriteBoolean(true);
                    body.WriteOctetString([0x30, 0x00]);
                }
            }
        }

        var signed = body.Encode();
        var list = new AsnWriter(AsnEncodingRules.DER);
        using (list.PushSequence())
        {
            list.WriteEncodedValue(signed);
            WriteAlgorithm(list, outer);
            list.WriteBitString(_authority.Generator().SignData(signed, HashAlgorithmName.SHA256));
        }

        return list.Encode();
    }

    private static void WriteAlgorithm(AsnWriter writer, string algorithm)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(algorithm);
        }
    }
}
