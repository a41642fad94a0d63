using System.Collections.Concurrent;
using System.Net;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using OrleansIoT.Certificates;
using OrleansIoT.Fixtures;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Identity;

/// <summary>New keys while tokens of the old ones are in use (J17).</summary>
[UnsupportedOSPlatform("windows")]
public sealed class KeyRotationTests : IDisposable
{
    private readonly TemporaryFolder _data = new();
    private readonly ManualClock _clock = new();

    private string Folder => Path.Combine(_data.Path, "keys");

    public void Dispose() => _data.Dispose();

    [Fact] // J17
    public async Task A_token_of_the_old_key_is_good_to_its_end_and_new_ones_have_the_new_key()
    {
        await using var gateway = await GatewayHost.Start();
        var old = gateway.Token(Roles.Viewer);
        KeyRotation.Rotate(gateway.DataDirectory, atOnce: false, gateway.Clock);
        gateway.Clock.Advance(TimeSpan.FromSeconds(5));
        var young = gateway.Token(Roles.Viewer);

        Assert.NotEqual(KidOf(old), KidOf(young));
        Assert.Equal((200, 200), (await Status(gateway, old), await Status(gateway, young)));
        Assert.Equal([KidOf(young), KidOf(old)], await PublishedBy(gateway));
    }

    [Fact] // J17
    public async Task After_a_leak_the_old_key_is_worth_nothing_within_seconds()
    {
        await using var gateway = await GatewayHost.Start();
        var old = gateway.Token(Roles.Viewer);
        KeyRotation.Rotate(gateway.DataDirectory, atOnce: false, gateway.Clock);
        gateway.Clock.Advance(TimeSpan.FromSeconds(5));
        var young = gateway.Token(Roles.Viewer);
        Assert.Equal((200, 200), (await Status(gateway, old), await Status(gateway, young)));

        KeyRotation.Rotate(gateway.DataDirectory, atOnce: true, gateway.Clock);
        gateway.Clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal((401, 401), (await Status(gateway, old), await Status(gateway, young)));
        Assert.Equal(200, await Status(gateway, gateway.Token(Roles.Viewer)));
        Assert.Equal([KidOf(gateway.Token(Roles.Viewer))], await PublishedBy(gateway));
    }

    [Fact] // J17
    public async Task Nobody_is_refused_while_keys_rotate_under_load()
    {
        void OnRealTime(IServiceCollection services) => services.AddSingleton(TimeProvider.System);
        await using var one = await GatewayHost.Start(options => options.RequestRate = 0, OnRealTime);
        await using var other = await GatewayHost.Start(
            options => (options.DataDirectory, options.RequestRate) = (one.DataDirectory, 0), OnRealTime, grains: one.Grains);
        using var stop = new CancellationTokenSource();
        var statuses = new ConcurrentBag<HttpStatusCode>();
        var load = Enumerable.Range(0, 4).Select(i => Task.Run(async () =>
        {
            var (issuer, verifier) = i % 2 == 0 ? (one, other) : (other, one);
            var kept = issuer.Token(Roles.Viewer);
            while (!stop.IsCancellationRequested)
            {
                foreach (var token in new[] { kept, issuer.Token(Roles.Viewer) })
                {
                    using var client = verifier.With(token);
                    using var answer = await client.GetAsync("/devices");
                    statuses.Add(answer.StatusCode);
                }
            }
        })).ToList();

        var kids = new HashSet<string> { KidOf(one.Token(Roles.Viewer)) };
        for (var i = 0; i < 2; i++)
        {
            KeyRotation.Rotate(one.DataDirectory, atOnce: false, TimeProvider.System);
            await Eventually.Is(() => !kids.Contains(KidOf(one.Token(Roles.Viewer))) && !kids.Contains(KidOf(other.Token(Roles.Viewer))));
            Assert.True(kids.Add(KidOf(one.Token(Roles.Viewer))));
        }

        await stop.CancelAsync();
        await Task.WhenAll(load);
        Assert.True(statuses.Count > 100);
        Assert.DoesNotContain(statuses, status => status != HttpStatusCode.OK);
    }

    [Fact]
    public void A_key_that_one_gateway_has_not_seen_yet_is_looked_for_and_not_too_often()
    {
        using var keys = Open();
        KeyRotation.Rotate(_data.Path, atOnce: false, _clock);
        using var others = Open();
        var kid = others.Ring.Signing.KeyId;

        Assert.NotNull(keys.ToVerify(kid, CallerKind.User));

        KeyRotation.Rotate(_data.Path, atOnce: false, _clock);
        using var third = Open();
        Assert.Null(keys.ToVerify(third.Ring.Signing.KeyId, CallerKind.User)); // asked for within the same second
    }

    [Fact]
    public void A_retired_key_verifies_access_tokens_for_an_hour_and_devices_tokens_for_thirty_days()
    {
        using var before = Open();
        var kid = before.Ring.Signing.KeyId;
        KeyRotation.Rotate(_data.Path, atOnce: false, _clock);
        using var after = Open();
        var now = _clock.GetUtcNow();

        Assert.NotEqual(kid, after.Ring.Signing.KeyId);
        Assert.NotNull(after.Ring.ToVerify(kid, CallerKind.User, now.AddMinutes(61)));
        Assert.Null(after.Ring.ToVerify(kid, CallerKind.User, now.AddMinutes(62)));
        Assert.NotNull(after.Ring.ToVerify(kid, CallerKind.Device, now.AddDays(30)));
        Assert.Null(after.Ring.ToVerify(kid, CallerKind.Device, now.AddDays(30).AddMinutes(2)));
        Assert.Contains(after.Ring.Published(now), key => key.KeyId == kid);
        Assert.DoesNotContain(after.Ring.Published(now.AddHours(2)), key => key.KeyId == kid);
    }

    [Fact]
    public void Of_a_retired_key_only_the_public_half_is_kept_and_that_until_nobody_needs_it()
    {
        Open().Dispose();
        KeyRotation.Rotate(_data.Path, atOnce: false, _clock);
        var retired = Assert.Single(KeyFile.AllRetired(Folder, KeyFile.Signing)).Path;
        Assert.StartsWith("-----BEGIN PUBLIC KEY-----", File.ReadAllText(retired), StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.GetFiles(Folder), file => File.ReadAllText(file).Contains("PRIVATE", StringComparison.Ordinal)
            && Path.GetFileName(file) != "access-tokens.pem");
        Assert.All(Directory.GetFiles(Folder), file => Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(file) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite)));

        KeyRotation.Rotate(_data.Path, atOnce: false, new ManualClock(_clock.GetUtcNow().AddDays(31)));

        Assert.False(File.Exists(retired));
        Assert.Single(KeyFile.AllRetired(Folder, KeyFile.Signing));
    }

    [Fact]
    public void After_a_crash_between_the_steps_the_current_key_is_current()
    {
        using var before = Open();
        var pem = File.ReadAllText(Path.Combine(Folder, "access-tokens.pem"));
        PrivateFile.Write(KeyFile.Retired(Folder, KeyFile.Signing, _clock.GetUtcNow()).Path, KeyFile.PublicHalf(pem));
        File.WriteAllText(Path.Combine(Folder, "access-tokens.pem.x4f.tmp"), "-----BEGIN PRIV");

        using var after = Open();
        Assert.Equal(before.Ring.Signing.KeyId, after.Ring.Signing.KeyId);
        Assert.NotNull(after.Ring.ToVerify(before.Ring.Signing.KeyId, CallerKind.User, _clock.GetUtcNow().AddDays(1)));

        KeyRotation.Rotate(_data.Path, atOnce: false, _clock);
        using var again = Open();
        Assert.NotNull(again.ToVerify(before.Ring.Signing.KeyId, CallerKind.User));
        Assert.NotEqual(before.Ring.Signing.KeyId, again.Ring.Signing.KeyId);
    }

    [Fact]
    public void What_is_no_key_does_not_take_the_keys_from_a_running_gateway()
    {
        using var keys = Open();
        var kid = keys.Ring.Signing.KeyId;
        foreach (var pem in new[] { "no key", "" })
        {
            File.WriteAllText(Path.Combine(Folder, "access-tokens.pem"), pem);
            _clock.Advance(TimeSpan.FromSeconds(5));
            Assert.Equal(kid, keys.Ring.Signing.KeyId);
        }

        File.Delete(Path.Combine(Folder, "access-tokens.pem"));
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(kid, keys.Ring.Signing.KeyId);

        KeyRotation.Rotate(_data.Path, atOnce: false, _clock);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.NotEqual(kid, keys.Ring.Signing.KeyId);
    }

    [Fact]
    public void Two_rotations_at_once_do_not_lose_a_key()
    {
        Open().Dispose();
        using var lockedByAnother = new FileStream(Path.Combine(Folder, "rotation.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

        Assert.Contains("rotation", Assert.Throws<IOException>(() => KeyRotation.Rotate(_data.Path, atOnce: false, _clock)).Message, StringComparison.Ordinal);
    }

    [Fact] // J18
    public void A_weak_key_to_encrypt_to_is_refused_at_the_start()
    {
        using var rsa = RSA.Create(1024);
        Open().Dispose();
        PrivateFile.Write(Path.Combine(Folder, "token-encryption.pem"), rsa.ExportPkcs8PrivateKeyPem());

        Assert.Contains("2048", Assert.Throws<InvalidDataException>(Open).Message, StringComparison.Ordinal);
    }

    private TokenKeys Open() => new(Options.Create(new GatewayOptions { DataDirectory = _data.Path }), _clock, NullLogger<TokenKeys>.Instance);

    private static string KidOf(string token) =>
        (string)JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[0]))!["kid"]!;

    private static async Task<int> Status(GatewayHost gateway, string token)
    {
        using var answer = await gateway.With(token).GetAsync("/devices");
        return (int)answer.StatusCode;
    }

    private static async Task<List<string>> PublishedBy(GatewayHost gateway) =>
        [.. (await gateway.Http.GetAsync("/.well-known/jwks.json").Json())["keys"]!.AsArray()
            .Where(key => (string)key!["use"]! == "sig").Select(key => (string)key!["kid"]!)];
}
