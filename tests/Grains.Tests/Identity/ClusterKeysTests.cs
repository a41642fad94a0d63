using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.Grains.Identity;
using OrleansIoT.Identity;
using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Tests.Identity;

/// <summary>Who is believed where callers come in envelopes (S01 to S05), and how their keys are read and rotated.</summary>
public sealed class ClusterKeysTests : GrainTest
{
    private readonly ManualClock _clock = new(DateTimeOffset.UtcNow);
    private readonly string _folder = Path.Combine(AppContext.BaseDirectory, "data", $"keys-{Guid.NewGuid():N}");

    private string KeyFile => Path.Combine(_folder, "cluster-keys");

    protected override void Configure(WebApplicationBuilder builder)
    {
        ClusterKeyFile.Rotate(KeyFile, TimeProvider.System);
        builder.Services.AddClusterKeys(KeyFile);
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_caller_of_a_process_that_has_the_keys_is_served()
    {
        await As(User(Roles.Viewer), () => Grains.Topics(Tenant).List("", 10, null));
        Assert.NotNull(await As(User(Roles.Admin), () => Grains.Users(Tenant).List(null, 10, null)));
    }

    [Fact]
    public async Task The_envelope_goes_on_from_grain_to_grain()
    {
        // Registering a device and connecting it takes calls from grain to grain.
        await Register("meter");
        Assert.Equal("meter", (await Get("meter")).Id);
        await Connect("meter");
    }

    [Theory]
    [InlineData("forged")]
    [InlineData("old")]
    [InlineData("without a MAC")]
    [InlineData("of an unknown key")]
    public async Task A_call_in_a_bad_envelope_is_refused_before_the_grain(string what)
    {
        var key = Key();
        var now = DateTimeOffset.UtcNow;
        var viewer = User(Roles.Viewer);
        var good = CallerEnvelope.Seal(viewer, key.Id, key.Secret, now);
        Caller.Enter(good);
        await Grains.Topics(Tenant).List("", 10, null);

        Caller.Enter(what switch
        {
            "forged" => good with { Caller = User(Roles.Admin) },
            "old" => CallerEnvelope.Seal(viewer, key.Id, key.Secret, now.AddSeconds(-61)) with { SealedAt = good.SealedAt },
            "without a MAC" => good with { Mac = [] },
            _ => good with { KeyId = "0" },
        });
        var refusal = await Refused(Failure.NotSignedIn, () => Grains.Topics(Tenant).List("", 10, null));
        Assert.DoesNotContain(what, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_envelope_is_believed_for_a_minute_and_no_longer()
    {
        using var keys = Open();
        var envelope = keys.Seal(User(Roles.Viewer));
        Assert.Null(keys.Fault(envelope));
        _clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Null(keys.Fault(envelope));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("old", keys.Fault(envelope));
    }

    [Fact]
    public void An_envelope_from_the_future_is_not_believed()
    {
        using var keys = Open();
        var caller = User(Roles.Viewer);
        Assert.Null(keys.Fault(keys.Seal(caller)));
        var key = Key();
        Assert.Null(keys.Fault(CallerEnvelope.Seal(caller, key.Id, key.Secret, _clock.GetUtcNow().AddSeconds(5))));
        Assert.Equal("from the future", keys.Fault(CallerEnvelope.Seal(caller, key.Id, key.Secret, _clock.GetUtcNow().AddSeconds(6))));
    }

    [Fact]
    public void A_forged_caller_an_unknown_key_and_none_at_all_are_told_apart_in_the_log_only()
    {
        using var keys = Open();
        var envelope = keys.Seal(User(Roles.Viewer));
        Assert.Null(keys.Fault(envelope));
        Assert.Equal("missing", keys.Fault(null));
        Assert.Equal("forged", keys.Fault(envelope with { Caller = User(Roles.Admin) }));
        Assert.Equal("unknown key", keys.Fault(envelope with { KeyId = "0" }));
        Assert.Equal("forged", keys.Fault(envelope with { Mac = default }));
    }

    [Fact]
    public async Task A_new_key_seals_after_its_notice_and_the_old_one_is_believed_until_its_envelopes_are_old()
    {
        using var keys = Open();
        var first = keys.Seal(User(Roles.Viewer)).KeyId;
        Assert.Contains("stay", ClusterKeyFile.Rotate(KeyFile, _clock), StringComparison.Ordinal);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(first, keys.Seal(User(Roles.Viewer)).KeyId);
        _clock.Advance(ClusterKeyFile.Notice);
        var second = keys.Seal(User(Roles.Viewer));
        Assert.NotEqual(first, second.KeyId);
        Assert.Null(keys.Fault(second));
        Assert.Equal(2, ClusterKey.ReadAll(await File.ReadAllTextAsync(KeyFile)).Count);

        _clock.Advance(TimeSpan.FromMinutes(2));
        ClusterKeyFile.Rotate(KeyFile, _clock);
        Assert.DoesNotContain(ClusterKey.ReadAll(await File.ReadAllTextAsync(KeyFile)), key => key.Id == first);
    }

    [Fact]
    public async Task A_broken_file_leaves_the_keys_that_are_there()
    {
        using var keys = Open();
        var envelope = keys.Seal(User(Roles.Viewer));
        await File.WriteAllTextAsync(KeyFile, "nonsense\n");
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(keys.Fault(envelope));
    }

    [Theory]
    [InlineData("", "no key")]
    [InlineData("# only a comment\n", "no key")]
    [InlineData("k1 2026-01-01T00:00:00Z c2hvcnQ=", "5 bytes")]
    [InlineData("k1 yesterday AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "line 1")]
    [InlineData("k 1 2026-01-01T00:00:00Z AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "line 1")]
    [InlineData("k1 2026-01-01T00:00:00Z AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\nk1 2026-01-01T00:00:00Z AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "same id")]
    public void A_key_file_that_is_none_says_what_is_wrong_and_no_secret(string text, string why)
    {
        var refusal = Assert.Throws<FormatException>(() => ClusterKey.ReadAll(text));
        Assert.Contains(why, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("AAEC", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_others_may_read_is_refused()
    {
        Open().Dispose();
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        }

        Assert.Contains("600", Assert.Throws<InvalidDataException>(Open).Message, StringComparison.Ordinal);
    }

    private ClusterKeys Open() => new(KeyFile, _clock, NullLogger<ClusterKeys>.Instance);

    private ClusterKey Key() => ClusterKey.ReadAll(File.ReadAllText(KeyFile)).Single();
}
