using Microsoft.AspNetCore.Http;
using OrleansIoT.Gateway.Telemetry;

namespace OrleansIoT.Gateway.Tests.Telemetry;

public sealed class AnswerFormatTests
{
    [Theory]
    [InlineData(null, "Json")]
    [InlineData("", "Json")]
    [InlineData("*/*", "Json")]
    [InlineData("application/json", "Json")]
    [InlineData("Application/JSON; charset=utf-8", "Json")]
    [InlineData("application/*", "Json")]
    [InlineData("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", "Json")] // a browser
    [InlineData("text/csv", "Csv")]
    [InlineData("TEXT/CSV", "Csv")]
    [InlineData("text/csv; header=present", "Csv")]
    [InlineData("text/*", "Csv")]
    [InlineData("text/csv, */*", "Csv")]
    [InlineData("text/csv, application/json;q=0.9", "Csv")]
    [InlineData("text/csv;q=0.5, application/json;q=0.9", "Json")]
    [InlineData("text/csv;q=0.5, */*;q=0.1", "Csv")]
    [InlineData("text/csv, application/json", "Json")]
    [InlineData("application/x-ndjson", "NdJson")]
    [InlineData("application/x-ndjson, application/json;q=0.1", "NdJson")]
    [InlineData("*/*, application/json;q=0", "Csv")]
    [InlineData("application/*, application/json;q=0", "NdJson")]
    [InlineData(";;;", "Json")] // nothing that could be read
    [InlineData("text/html", null)]
    [InlineData("application/problem+json", null)]
    [InlineData("text/csv;q=0", null)]
    [InlineData("text/csvx", null)]
    [InlineData("*/*;q=0", null)]
    public void The_client_gets_what_it_likes_best(string? accept, string? format)
    {
        var context = new DefaultHttpContext();
        if (accept is not null)
        {
            context.Request.Headers.Accept = accept;
        }

        Assert.Equal(format, AnswerFormats.Asked(context.Request)?.ToString());
    }
}
