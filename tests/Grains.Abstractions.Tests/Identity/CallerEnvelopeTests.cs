using System.Collections.Immutable;
using System.Security.Cryptography;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Abstractions.Tests.Identity;

/// <summary>Attacks on the seal (S03 to S05); each begins with an envelope that is believed.</summary>
public sealed class CallerEnvelopeTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);

    private static readonly Caller Ada = new(
        "acme", "ada", CallerKind.User, Roles.Viewer, "j-1", Noon.AddMinutes(15), "s-1", ["a/#", "!a/b"]);

    public static TheoryData<string, Caller> Forgeries => new()
    {
        { "another tenant", Ada with { Tenant = "acmf" } },
        { "another subject", Ada with { Subject = "bob" } },
        { "another kind", Ada with { Kind = CallerKind.Service } },
        { "more roles", Ada with { Roles = Roles.Admin } },
        { "another token", Ada with { TokenId = "j-2" } },
        { "no token", Ada with { TokenId = null } },
        { "an empty token for none", Ada with { TokenId = "" } },
        { "a later end", Ada with { ExpiresAt = DateTimeOffset.MaxValue } },
        { "another session", Ada with { SessionId = "s-2" } },
        { "no narrowing", Ada with { Grants = default } },
        { "a narrowing to nothing", Ada with { Grants = [] } },
        { "another narrowing", Ada with { Grants = ["a/#", "!a/c"] } },
        { "a border between fields moved", Ada with { Tenant = "acmea", Subject = "da" } },
        { "a border between grants moved", Ada with { Grants = ["a/#!", "a/b"] } },
        { "the same letters composed otherwise", Ada with { Subject = "a\u0301da" } },
    };

    [Fact]
    public void What_was_sealed_is_believed() => Assert.True(CallerEnvelope.Seal(Ada, "k1", Key, Noon).IsSealedWith(Key));

    [Theory]
    [InlineData(0)]
    [InlineData(2_000)]
    [InlineData(100_000)]
    public void A_caller_of_any_size_is_believed(int length)
    {
        var caller = Ada with { Subject = new string('x', length), Grants = [.. Enumerable.Repeat("a/+/b", length / 10)] };
        var envelope = CallerEnvelope.Seal(caller, "k1", Key, Noon);
        Assert.True(envelope.IsSealedWith(Key));
        Assert.False((envelope with { Caller = caller with { Subject = caller.Subject + "y" } }).IsSealedWith(Key));
    }

    [Theory]
    [MemberData(nameof(Forgeries))]
    public void Another_caller_in_the_same_envelope_is_not_believed(string what, Caller forged)
    {
        var envelope = CallerEnvelope.Seal(Ada, "k1", Key, Noon);
        Assert.True(envelope.IsSealedWith(Key), what);
        Assert.False((envelope with { Caller = forged }).IsSealedWith(Key), what);
    }

    [Fact]
    public void Another_time_or_another_keys_name_is_not_believed()
    {
        var envelope = CallerEnvelope.Seal(Ada, "k1", Key, Noon);
        Assert.False((envelope with { SealedAt = envelope.SealedAt + 1 }).IsSealedWith(Key));
        Assert.False((envelope with { KeyId = "k2" }).IsSealedWith(Key));
    }

    [Fact]
    public void Another_key_is_not_believed()
    {
        var other = (byte[])Key.Clone();
        other[^1] ^= 1;
        Assert.False(CallerEnvelope.Seal(Ada, "k1", other, Noon).IsSealedWith(Key));
    }

    [Fact]
    public void A_mac_with_any_bit_turned_or_of_another_length_is_not_believed()
    {
        var envelope = CallerEnvelope.Seal(Ada, "k1", Key, Noon);
        for (var bit = 0; bit < envelope.Mac.Length * 8; bit++)
        {
            Assert.False((envelope with { Mac = envelope.Mac.SetItem(bit / 8, (byte)(envelope.Mac[bit / 8] ^ (1 << (bit % 8)))) }).IsSealedWith(Key));
        }

        foreach (var mac in new[] { default, ImmutableArray<byte>.Empty, envelope.Mac[..16], envelope.Mac.Add(0) })
        {
            Assert.False((envelope with { Mac = mac }).IsSealedWith(Key));
        }
    }

    [Fact]
    public void Two_callers_that_only_look_alike_have_different_macs()
    {
        var macs = Forgeries.Select(row => Convert.ToHexString(CallerEnvelope.Seal((Caller)row[1], "k1", Key, Noon).Mac.AsSpan()));
        Assert.Equal(Forgeries.Count, macs.Distinct().Count());
    }

    [Fact]
    public void Checking_a_seal_allocates_nothing()
    {
        var envelope = CallerEnvelope.Seal(Ada, "k1", Key, Noon);
        Assert.True(envelope.IsSealedWith(Key));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            envelope.IsSealedWith(Key);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
