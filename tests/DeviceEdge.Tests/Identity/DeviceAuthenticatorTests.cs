using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using OrleansIoT.Certificates;
using OrleansIoT.DeviceEdge.Identity;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.DeviceEdge.Tests.Sessions;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.DeviceEdge.Tests.Identity;

public sealed class DeviceAuthenticatorTests
{
    private const string UserToken = "aaa.user.sig";
    private const string DeviceToken = "aaa.device.sig";
    private static readonly DateTimeOffset Later = new(2026, 2, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Caller User = new("default", "u-1", CallerKind.User, Roles.Operator, "j-1", Later);
    private static readonly Caller Device = new("default", "meter-7", CallerKind.Device, Roles.None, "j-2", Later);

    private readonly DeviceEdgeOptions _options = new();
    private readonly FeatureCollection _features = new();
    private readonly List<string> _asked = [];

    [Fact]
    public async Task A_user_name_and_a_password_are_a_device_and_its_key()
    {
        var who = await Identify("meter-7", "a-key_", "anything");

        Assert.Equal((Caller.Device("default", "meter-7"), CredentialKind.Key, "a-key_"), (who.Caller, who.Credential.Kind, who.Credential.Secret));
        Assert.Equal(("anything", "meter-7", false), (who.ClientId, who.Publisher, who.IsRevoked()));
        Assert.Empty(_asked);
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("u-1")]
    [InlineData("ada@example.org")]
    public async Task A_users_token_is_the_user_with_its_roles_until_the_token_ends(string? name)
    {
        var who = await Identify(name, UserToken, "browser-1");

        Assert.Equal((User, User, "users/u-1", "browser-1"), (who.Caller, who.ConnectsAs, who.Publisher, who.ClientId));
        Assert.Equal((CredentialKind.Token, null), (who.Credential.Kind, who.Credential.Secret));
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("meter-7")]
    public async Task A_devices_token_is_the_device_and_the_credential_that_the_token_names(string? name)
    {
        var who = await Identify(name, DeviceToken);

        Assert.Equal((Device, "meter-7"), (who.Caller, who.Publisher));
        Assert.Equal((CredentialKind.Token, "c-1"), (who.Credential.Kind, who.Credential.Secret));
    }

    [Theory]
    [InlineData("meter-8", DeviceToken)]
    [InlineData("ada@example.org", DeviceToken)]
    [InlineData("meter-7", UserToken)]
    [InlineData("", "aaa.forged.sig")]
    [InlineData("meter-7", "aaa.forged.sig")]
    public async Task A_token_of_somebody_else_or_of_nobody_is_refused(string name, string token) =>
        await Refuses(Failure.NotSignedIn, name, token);

    [Fact]
    public async Task Where_nobody_checks_tokens_there_are_none_and_that_is_said()
    {
        var authenticator = new DeviceAuthenticator(new TestGrains().Factory, Options.Create(_options));
        var refusal = await Assert.ThrowsAsync<FailureException>(() => authenticator.Read(Packet("", UserToken), _features));

        Assert.Equal(Failure.NotSignedIn, refusal.Failure);
        Assert.Contains("cannot check them", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.b.c.d.e.f")]
    [InlineData("a.b.")]
    [InlineData("a.b")]
    [InlineData("a..c")]
    [InlineData("a.b.c=")]
    [InlineData("a.b.c ")]
    public async Task What_is_not_three_or_five_parts_in_base64url_is_a_key(string password)
    {
        Assert.Equal(CredentialKind.Key, (await Identify("meter-7", password)).Credential.Kind);
        Assert.Empty(_asked);
    }

    [Theory]
    [InlineData("acme/meter-7", "acme")]
    [InlineData("default/meter-7", "default")]
    [InlineData("meter-7", "default")]
    public async Task Before_a_devices_id_stands_its_tenant(string name, string tenant)
    {
        var who = await Identify(name, "a-key");

        Assert.Equal((Caller.Device(tenant, "meter-7"), "meter-7"), (who.Caller, who.Publisher));
        Assert.Equal(tenant, who.ConnectsAs.Tenant);
    }

    [Theory]
    [InlineData("$system/meter-7")]
    [InlineData("/meter-7")]
    [InlineData("acme/")]
    [InlineData("Acme/meter-7")]
    [InlineData("acme/a/b")]
    [InlineData("ac me/meter-7")]
    public async Task What_is_no_tenant_wakes_no_grain(string name) => await Refuses(Failure.NotSignedIn, name, "a-key");

    [Theory]
    [InlineData("iotp_default.u.t.s")]
    [InlineData("iotp_a.b.default.u.t.s")]
    public async Task A_personal_access_token_is_a_token(string password)
    {
        await Refuses(Failure.NotSignedIn, null, password);
        Assert.Equal([password], _asked);
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("meter-7")]
    public async Task A_certificate_is_the_device_that_it_names_until_it_ends(string? name)
    {
        Show("meter-7");

        var who = await Identify(name, null);

        Assert.Equal(Caller.Device("default", "meter-7") with { ExpiresAt = Later }, who.Caller);
        Assert.Equal((CredentialKind.Certificate, null), (who.Credential.Kind, who.Credential.Secret));
    }

    [Fact]
    public async Task Beside_a_certificate_there_is_no_other_name_and_no_other_credential()
    {
        Show("meter-7");

        await Refuses(Failure.NotSignedIn, "meter-8", null);
        await Refuses(Failure.Forbidden, "meter-7", "a-key");
        await Refuses(Failure.Forbidden, "", UserToken);
        await Refuses(Failure.Forbidden, "meter-7", "");
    }

    [Fact]
    public async Task Without_credentials_nobody_is_let_in() => await Refuses(Failure.Forbidden, null, null);

    [Fact]
    public async Task Where_that_is_allowed_the_client_id_is_the_device_and_the_filters_are_its_rights()
    {
        _options.Anonymous = ["trial/#", "!trial/secret"];

        var who = await Identify(null, null, "tester-1");

        Assert.Equal((Caller.Device("default", "tester-1"), "tester-1"), (who.Caller, who.ClientId));
        Assert.Equal((CredentialKind.None, null), (who.Credential.Kind, who.Credential.Secret));
        Assert.Equal(["trial/#", "!trial/secret"], who.Credential.Grants.AsEnumerable());
    }

    [Fact]
    public async Task Without_a_client_id_either_it_gets_one_of_its_own()
    {
        _options.Anonymous = ["trial/#"];

        var (one, other) = (await Identify(null, null), await Identify("", null));

        Assert.Equal(one.Publisher, one.ClientId);
        Assert.NotEqual(one.Publisher, other.Publisher);
    }

    [Theory]
    [InlineData("a client with spaces")]
    [InlineData("a/b")]
    [InlineData("users")]
    [InlineData("größe")]
    public async Task Any_client_id_does_there_and_each_is_a_device_of_its_own(string clientId)
    {
        _options.Anonymous = ["trial/#"];

        var who = await Identify(null, null, clientId);

        Assert.Equal(clientId, who.ClientId);
        Assert.True(DeviceId.IsValid(who.Publisher, out _));
        Assert.Equal(who.Publisher, (await Identify(null, null, clientId)).Publisher);
        Assert.NotEqual(who.Publisher, (await Identify(null, null, clientId + "!")).Publisher);
    }

    [Theory]
    [InlineData("tester-1", "meter-7", null)]
    [InlineData("tester-1", "meter-7", "")]
    public async Task A_credential_that_is_half_there_is_not_nobody(string clientId, string? name, string? password)
    {
        _options.Anonymous = ["#"];
        await Refuses(Failure.NotSignedIn, name, password, clientId);
    }

    [Fact]
    public async Task A_key_is_a_key_also_where_nobody_needs_one()
    {
        _options.Anonymous = ["#"];
        Assert.Equal(CredentialKind.Key, (await Identify("meter-7", "a-key")).Credential.Kind);
    }

    [Fact]
    public void A_credential_does_not_print_its_secret() =>
        Assert.DoesNotContain("hidden", new Credential(CredentialKind.Key, "hidden", []).ToString(), StringComparison.Ordinal);

    private void Show(string id) => _features.Set(new DeviceCertificate(id, new VerifiedCertificate([], Later, null!)));

    private Task<Claim> Identify(string? name, string? password, string clientId = "") =>
        new DeviceAuthenticator(new TestGrains().Factory, Options.Create(_options), Check)
            .Read(Packet(name, password, clientId), _features);

    private async Task Refuses(Failure failure, string? name, string? password, string clientId = "") =>
        Assert.Equal(failure, (await Assert.ThrowsAsync<FailureException>(() => Identify(name, password, clientId))).Failure);

    private static ConnectPacket Packet(string? name, string? password, string clientId = "") => new()
    {
        Version = MqttVersion.V500,
        ClientId = clientId,
        UserName = name,
        Password = password is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(password),
    };

    private Task<CheckedToken?> Check(string token)
    {
        _asked.Add(token);
        return Task.FromResult(token switch
        {
            UserToken => new CheckedToken(User, null, () => false),
            DeviceToken => new CheckedToken(Device, "c-1", () => false),
            _ => null,
        });
    }
}
