using System.Globalization;
using System.Net;
using OrleansIoT.Failures;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Throttling;

/// <summary>How often a caller may ask, and fail to sign in (H05; OWASP API4:2023).</summary>
public sealed class ThrottleTests
{
    private const string Wrong = """{"email": "ada@example.org", "password": "wrong horse"}""";
    private const string Right = """{"email": "ada@example.org", "password": "correct horse"}""";

    [Theory]
    [InlineData("/devices")]
    [InlineData("/devices/nothing")]
    [InlineData("/audit")]
    [InlineData("/iot")]
    [InlineData("/nothing")]
    public async Task Every_route_says_what_it_takes_of_a_caller_and_refuses_more(string path)
    {
        await using var gateway = await Limited(rate: 2, burst: 3);
        var http = gateway.As(Roles.Viewer);

        for (var left = 2; left >= 0; left--)
        {
            using var answer = await http.GetAsync(path);
            Assert.NotEqual(HttpStatusCode.TooManyRequests, answer.StatusCode);
            Assert.Equal(("\"default\";q=3;w=2", $"\"default\";r={left};t={(left == 0 ? 2 : 1)}"), Headers(answer));
        }

        using var refused = await http.GetAsync(path);
        Assert.Equal(("1", ("\"default\";q=3;w=2", "\"default\";r=0;t=2")), (RetryAfter(refused), Headers(refused)));
        await Task.FromResult(refused).IsProblem(429, "too_many");
        gateway.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.NotEqual(HttpStatusCode.TooManyRequests, (await http.GetAsync(path)).StatusCode);
    }

    [Fact]
    public async Task Whoever_is_signed_in_is_counted_as_who_it_is_and_everybody_else_by_address()
    {
        await using var gateway = await Limited(rate: 1, burst: 1);

        Assert.Equal(HttpStatusCode.OK, (await gateway.Http.GetAsync("/")).StatusCode);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await gateway.Http.GetAsync("/")).StatusCode);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await gateway.Http.GetAsync("/devices")).StatusCode);
        foreach (var (tenant, id) in new[] { ("default", "u-1"), ("default", "u-2"), ("acme", "u-1") })
        {
            Assert.Equal(HttpStatusCode.OK, (await gateway.As(Roles.Viewer, tenant, id).GetAsync("/devices")).StatusCode);
            Assert.Equal(HttpStatusCode.TooManyRequests, (await gateway.As(Roles.Admin, tenant, id).GetAsync("/devices")).StatusCode);
        }
    }

    [Fact] // H05
    public async Task A_header_that_claims_another_address_is_not_believed()
    {
        await using var gateway = await Limited(rate: 1, burst: 1);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Http.GetAsync("/")).StatusCode);

        foreach (var header in new[] { "X-Forwarded-For", "Forwarded", "X-Real-IP", "True-Client-IP" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/");
            request.Headers.Add(header, header == "Forwarded" ? "for=203.0.113.9" : "203.0.113.9");
            Assert.Equal(HttpStatusCode.TooManyRequests, (await gateway.Http.SendAsync(request)).StatusCode);
        }
    }

    [Fact]
    public async Task Health_is_told_however_often_somebody_asks()
    {
        await using var gateway = await Limited(rate: 1, burst: 1);

        for (var i = 0; i < 5; i++)
        {
            using var answer = await gateway.Http.GetAsync("/health/ready");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.False(answer.Headers.Contains("RateLimit"));
        }
    }

    [Fact]
    public async Task Zero_is_no_limit()
    {
        await using var gateway = await Limited(rate: 0, burst: 1);

        for (var i = 0; i < 5; i++)
        {
            using var answer = await gateway.Http.GetAsync("/");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.False(answer.Headers.Contains("RateLimit"));
        }
    }

    [Fact] // H05
    public async Task Guessing_passwords_gets_slower_and_slower_and_the_right_one_works_after_the_wait()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddUser("ada@example.org", "correct horse");
        for (var i = 0; i < 10; i++)
        {
            await gateway.Http.Post("/auth/login", Wrong).IsProblem(401, "not_signed_in");
        }

        var waits = new List<int>();
        for (var i = 0; i < 8; i++)
        {
            using var refused = await gateway.Http.Post("/auth/login", Wrong);
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
            waits.Add(int.Parse(RetryAfter(refused)!, CultureInfo.InvariantCulture));
            gateway.Clock.Advance(TimeSpan.FromSeconds(waits[^1]));
            await gateway.Http.Post("/auth/login", Wrong).IsProblem(401, "not_signed_in");
        }

        Assert.Equal([1, 2, 4, 8, 16, 32, 60, 60], waits);
        Assert.Equal(18, gateway.Grains.Calls.Count); // nobody was asked about what was refused
        gateway.Clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(HttpStatusCode.OK, (await gateway.Http.Post("/auth/login", Right)).StatusCode);
    }

    [Fact]
    public async Task Who_signs_in_rightly_may_do_so_all_day()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddUser("ada@example.org", "correct horse");

        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await gateway.Http.Post("/auth/login", Right)).StatusCode);
        }
    }

    [Fact] // H05, API6:2023
    public async Task Registrations_count_whether_they_succeed_or_not()
    {
        await using var gateway = await GatewayHost.Start();
        for (var i = 0; i < 10; i++)
        {
            using var answer = await gateway.Http.Post("/auth/register", $$"""{"email": "u{{i / 2}}@example.org", "username": "U", "password": "correct horse"}""");
            Assert.Equal(i % 2 == 0 ? HttpStatusCode.Created : HttpStatusCode.Conflict, answer.StatusCode);
        }

        await gateway.Http.Post("/auth/register", """{"email": "x@example.org", "username": "U", "password": "correct horse"}""").IsProblem(429, "too_many");
        await gateway.Http.Post("/auth/login", Wrong).IsProblem(429, "too_many");
        Assert.Equal(HttpStatusCode.OK, (await gateway.As(Roles.Viewer).GetAsync("/devices")).StatusCode); // nobody else is concerned
    }

    [Fact]
    public async Task What_is_no_guess_does_not_count()
    {
        await using var gateway = await GatewayHost.Start();
        for (var i = 0; i < 15; i++)
        {
            await gateway.Http.Post("/auth/login", "{}").IsProblem(400, "invalid");
            await gateway.Http.PostAsync("/auth/refresh", null).IsProblem(401, "not_signed_in"); // a page without a cookie
        }

        await gateway.Http.Post("/auth/login", Wrong).IsProblem(401, "not_signed_in");
    }

    [Fact]
    public async Task A_grain_that_knows_how_long_to_wait_is_quoted()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Outage = new FailureException(Failure.TooMany, "Later.") { RetryAfter = TimeSpan.FromSeconds(41.2) };

        using var answer = await gateway.As(Roles.Admin).GetAsync("/devices/a");

        Assert.Equal("42", RetryAfter(answer));
    }

    private static Task<GatewayHost> Limited(int rate, int burst) =>
        GatewayHost.Start(options => (options.RequestRate, options.RequestBurst) = (rate, burst));

    private static (string Policy, string Limit) Headers(HttpResponseMessage answer) =>
        (answer.Headers.GetValues("RateLimit-Policy").Single(), answer.Headers.GetValues("RateLimit").Single());

    private static string? RetryAfter(HttpResponseMessage answer) => answer.Headers.GetValues("Retry-After").Single();
}
