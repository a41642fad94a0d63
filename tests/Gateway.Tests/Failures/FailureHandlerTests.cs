using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansIoT.Failures;
using OrleansIoT.Gateway.Failures;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Failures;

public sealed class FailureHandlerTests
{
    [Theory]
    [InlineData(Failure.Invalid, 400, "invalid")]
    [InlineData(Failure.NotSignedIn, 401, "not_signed_in")]
    [InlineData(Failure.Forbidden, 403, "forbidden")]
    [InlineData(Failure.NotFound, 404, "not_found")]
    [InlineData(Failure.Conflict, 409, "conflict")]
    [InlineData(Failure.TooLarge, 413, "too_large")]
    [InlineData(Failure.TooMany, 429, "too_many")]
    [InlineData(Failure.Unavailable, 503, "unavailable")]
    public async Task A_grains_failure_has_its_status_and_code(Failure failure, int status, string code)
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Outage = new FailureException(failure, "The grain's own words.");

        using var answer = await gateway.As(Roles.Viewer).GetAsync("/iot/t");

        Assert.Equal("The grain's own words.", await Task.FromResult(answer).IsProblem(status, code));
        Assert.Equal(failure is Failure.TooMany or Failure.Unavailable, answer.Headers.RetryAfter is not null);
        Assert.Equal(failure == Failure.NotSignedIn, answer.Headers.WwwAuthenticate.Count > 0);
    }

    [Fact]
    public async Task Who_has_hung_up_is_told_nothing_and_that_is_no_error()
    {
        using var services = new ServiceCollection().AddLogging().BuildServiceProvider();
        var context = new DefaultHttpContext { RequestServices = services, RequestAborted = new CancellationToken(canceled: true) };
        context.Response.Body = new MemoryStream();
        var handler = new FailureHandler(NullLogger<FailureHandler>.Instance);

        Assert.True(await handler.TryHandleAsync(context, new FailureException(Failure.TooMany, "Later."), CancellationToken.None));
    }

    [Fact]
    public void Every_failure_is_in_the_table_above()
    {
        var table = typeof(FailureHandlerTests).GetMethod(nameof(A_grains_failure_has_its_status_and_code))!
            .GetCustomAttributesData().Where(data => data.AttributeType == typeof(InlineDataAttribute));

        Assert.Equal(Enum.GetValues<Failure>().Length, table.Count());
    }

    [Fact]
    public async Task A_grain_that_does_not_answer_in_time_leaves_the_outcome_open()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Outage = new TimeoutException("Response did not arrive on time from S127.0.0.1:11111");

        var detail = await gateway.As(Roles.Viewer).GetAsync("/devices").IsProblem(504);

        Assert.Contains("not known", detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_only_reads_is_asked_again_while_answers_are_lost_at_once()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Outage = new TimeoutException("A silo has died that the answer was to come from, or by way of.");

        var answer = gateway.As(Roles.Viewer).GetAsync("/devices");
        await Task.Delay(1_000); // longer than three attempts take
        gateway.Grains.Outage = null;

        using var answered = await answer;
        Assert.Equal(System.Net.HttpStatusCode.OK, answered.StatusCode);
    }

    [Fact] // H16
    public async Task A_bug_is_logged_once_and_shown_to_nobody()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Outage = new InvalidOperationException("SELECT secret FROM vault");

        using var answer = await gateway.As(Roles.Viewer).GetAsync("/devices/meter-7");
        var body = await answer.Content.ReadAsStringAsync();

        await Task.FromResult(answer).IsProblem(500);
        Assert.DoesNotContain("SELECT", body, StringComparison.Ordinal);
        Assert.DoesNotContain(" at ", body, StringComparison.Ordinal);
        Assert.Single(gateway.Log.Lines, line => line.Contains("SELECT secret", StringComparison.Ordinal));
        Assert.True(answer.Headers.CacheControl?.NoStore);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
    }
}
