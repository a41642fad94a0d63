using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Identity;

/// <summary>What a remembered token may never be: good for longer, for somebody else, or for something else (J22).</summary>
public sealed class RememberedTokensTests : IAsyncLifetime
{
    private GatewayHost _gateway = null!;
    private TokenCounts _counts = null!;

    public async Task InitializeAsync()
    {
        _gateway = await GatewayHost.Start();
        _counts = TokenCounts.Of(_gateway);
        await _gateway.Hears();
    }

    public async Task DisposeAsync()
    {
        _counts.Dispose();
        await _gateway.DisposeAsync();
    }

    [Fact] // J22
    public async Task A_remembered_token_ends_when_it_says()
    {
        var token = _gateway.Token(Roles.Viewer);
        _gateway.Clock.Advance(TimeSpan.FromSeconds(900));
        await _gateway.HearsNews();
        Assert.Equal(200, await Status(token));
        Assert.Equal(200, await Status(token));
        Assert.Equal((1, 1), (_counts.Validated, _counts.Remembered));

        _gateway.Clock.Advance(TimeSpan.FromSeconds(4)); // 900, its life, and 5, the skew

        Assert.Equal(401, await Status(token));
    }

    [Fact] // J22
    public async Task A_remembered_token_is_looked_at_again_after_a_minute()
    {
        var token = _gateway.Token(Roles.Viewer);
        Assert.Equal(200, await Status(token));
        await Pass(59);
        Assert.Equal(200, await Status(token));
        Assert.Equal((1, 1), (_counts.Validated, _counts.Remembered));

        await Pass(1);

        Assert.Equal(200, await Status(token));
        Assert.Equal((2, 1), (_counts.Validated, _counts.Remembered));
    }

    [Fact] // J22
    public async Task A_remembered_token_ends_with_the_key_that_signed_it()
    {
        var token = _gateway.Token(Roles.Viewer);
        Assert.Equal(200, await Status(token));
        KeyRotation.Rotate(_gateway.DataDirectory, atOnce: true, _gateway.Clock);

        await _gateway.HearsNews();

        Assert.Equal(401, await Status(token));
        Assert.Equal(200, await Status(_gateway.Token(Roles.Viewer)));
    }

    [Fact] // J22
    public async Task A_remembered_token_opens_no_other_tenant()
    {
        _gateway.Grains.AddDevice("meter-7", tenant: "other");
        var token = _gateway.Token(Roles.Admin);
        Assert.Equal(200, await Status(token));

        using var answer = await _gateway.With(token).GetAsync("/devices/meter-7");

        Assert.Equal(404, (int)answer.StatusCode);
        Assert.Equal(1, _counts.Remembered);
    }

    [Theory]
    [InlineData("default/u-1")]
    [InlineData("default/")]
    public async Task What_is_heard_of_a_holder_makes_its_token_be_looked_at_again(string holder)
    {
        var token = _gateway.Token(Roles.Viewer);
        var another = _gateway.Token(Roles.Viewer, "other");
        Assert.Equal((200, 200), (await Status(token), await Status(another)));
        _gateway.Grains.Revoked.Enqueue(holder);

        await _gateway.HearsNews();

        Assert.Equal((200, 200), (await Status(token), await Status(another)));
        Assert.Equal((3, 1), (_counts.Validated, _counts.Remembered));
    }

    [Fact]
    public async Task While_nothing_is_heard_nothing_is_remembered()
    {
        var token = _gateway.Token(Roles.Viewer);
        Assert.Equal(200, await Status(token));
        _gateway.Grains.RevocationsOutage = new TimeoutException();
        _gateway.Clock.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal((200, 200), (await Status(token), await Status(token)));

        Assert.Equal((3, 0), (_counts.Validated, _counts.Remembered));
    }

    [Fact]
    public async Task After_the_list_of_revocations_was_lost_everybody_is_looked_at_again()
    {
        var token = _gateway.Token(Roles.Viewer);
        Assert.Equal(200, await Status(token));
        _gateway.Grains.RevocationsEpoch = Guid.NewGuid();

        await _gateway.HearsNews();

        Assert.Equal(200, await Status(token));
        Assert.Equal((2, 0), (_counts.Validated, _counts.Remembered));
    }

    [Fact]
    public async Task A_devices_token_that_was_remembered_is_still_no_access_token()
    {
        var token = _gateway.Services.GetRequiredService<AccessTokens>().IssueForDevice("default", "meter-7", "c-1", TimeSpan.FromHours(1)).Token;
        Assert.NotNull(await _gateway.Services.CheckMqttToken(token));
        Assert.NotNull(await _gateway.Services.CheckMqttToken(token));
        Assert.Equal(1, _counts.Remembered);

        Assert.Equal(401, await Status(token));
    }

    [Fact]
    public async Task However_many_tokens_there_are_only_so_many_are_remembered()
    {
        await using var gateway = await GatewayHost.Start(options => options.RememberedTokens = 20);
        await gateway.Hears();
        using var counts = TokenCounts.Of(gateway);
        var tokens = Enumerable.Range(0, 100).Select(i => gateway.Token(Roles.Viewer, id: $"u-{i}")).ToList();
        var remembered = gateway.Services.GetRequiredService<RememberedTokens>();
        var admission = gateway.Services.GetRequiredService<TokenAdmission>();

        foreach (var token in tokens)
        {
            Assert.NotNull(await admission.Check(token));
            Assert.InRange(remembered.Count, 1, 20);
        }

        Assert.NotNull(await admission.Check(tokens[^1]));
        Assert.NotNull(await admission.Check(tokens[0]));
        Assert.Equal((101, 1), (counts.Validated, counts.Remembered));
    }

    [Fact]
    public async Task What_is_in_use_is_not_forgotten_for_what_is_not()
    {
        await using var gateway = await GatewayHost.Start(options => options.RememberedTokens = 20);
        await gateway.Hears();
        using var counts = TokenCounts.Of(gateway);
        var admission = gateway.Services.GetRequiredService<TokenAdmission>();
        var used = gateway.Token(Roles.Viewer);
        for (var i = 0; i < 100; i++)
        {
            Assert.NotNull(await admission.Check(used));
            Assert.NotNull(await admission.Check(gateway.Token(Roles.Viewer, id: $"u-{i}")));
        }

        Assert.Equal((101, 99), (counts.Validated, counts.Remembered));
    }

    [Fact]
    public async Task Without_room_every_request_is_looked_at()
    {
        await using var gateway = await GatewayHost.Start(options => options.RememberedTokens = 0);
        await gateway.Hears();
        using var counts = TokenCounts.Of(gateway);
        var admission = gateway.Services.GetRequiredService<TokenAdmission>();
        var token = gateway.Token(Roles.Viewer);

        Assert.NotNull(await admission.Check(token));
        Assert.NotNull(await admission.Check(token));

        Assert.Equal((2, 0), (counts.Validated, counts.Remembered));
    }

    [Fact]
    public async Task A_refused_token_is_not_remembered_as_anything()
    {
        var token = new Jwt(_gateway);
        token.Claims["iat"] = (long)token.Claims["iat"]! + 30; // from the future, for a while
        Assert.Equal(401, await Status(token.Sign()));
        await Pass(30);

        Assert.Equal(200, await Status(token.Sign()));
    }

    private async Task Pass(int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            await _gateway.HearsNews();
        }
    }

    private async Task<int> Status(string token)
    {
        using var answer = await _gateway.With(token).GetAsync("/devices");
        return (int)answer.StatusCode;
    }
}
