using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;
using OrleansIoT.Failures;
using OrleansIoT.Gateway.Audit;
using OrleansIoT.Gateway.Telemetry;

namespace OrleansIoT.Gateway.Failures;

/// <summary>From failure to HTTP, the only place: every answer of 400 and above gets its problem here (RFC 9457).</summary>
internal sealed partial class FailureHandler(ILogger<FailureHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken cancellationToken)
    {
        switch (exception)
        {
            case FailureException failure:
                await Write(context, failure.Failure, failure.Message, failure.RetryAfter);
                break;

            case BadHttpRequestException { InnerException: JsonException json }:
                await Write(context, Failure.Invalid, BodyFault.Describe(context, json));
                break;

            case BadHttpRequestException bad:
                context.Response.StatusCode = bad.StatusCode;
                await Explain(context);
                break;

            case TimeoutException:
                LogTimeout(exception);
                context.Response.StatusCode = StatusCodes.Status504GatewayTimeout;
                await Explain(context);
                break;

            default:
                LogBug(exception);
                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
                await Explain(context);
                break;
        }

        return true;
    }

    /// <summary>Writes the answer to a refusal.</summary>
    public static Task Write(HttpContext context, Failure failure, string detail, TimeSpan? retryAfter = null)
    {
        var (status, code, title) = Describe(failure);
        if (failure == Failure.NotSignedIn && context.Response.Headers.WWWAuthenticate.Count == 0)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer"; // a 401 always names a way in (RFC 9110 section 15.5.2)
        }

        if (failure is Failure.TooMany or Failure.Unavailable)
        {
            var seconds = retryAfter is { } wait ? (int)Math.Ceiling(wait.TotalSeconds) : failure == Failure.TooMany ? 10 : 1;
            context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        return Write(context, new Problem($"urn:orleans-iot:failure:{code}", title, status, detail) { Failure = code });
    }

    /// <summary>What a problem calls it.</summary>
    public static string CodeOf(Failure failure) => Describe(failure).Code;

    /// <summary>Gives a body to an answer that has only its status, which routing and the server make.</summary>
    public static Task Explain(HttpContext context)
    {
        var response = context.Response;
        return response.StatusCode switch
        {
            StatusCodes.Status400BadRequest => Write(context, Failure.Invalid,
                BodyFault.Expected(context) is { } expected
                    ? $"The body is missing or could not be read. {expected}"
                    : "The request could not be read."),
            StatusCodes.Status403Forbidden => Write(context, Failure.Forbidden, "This is not yours to do."),
            StatusCodes.Status404NotFound => Write(context, Failure.NotFound, "There is nothing at this address."),
            StatusCodes.Status405MethodNotAllowed => WriteBlank(context, $"This address takes {response.Headers.Allow}."),
            StatusCodes.Status406NotAcceptable => WriteBlank(context, $"This address answers {AnswerFormats.All}; Accept names none of them."),
            StatusCodes.Status413PayloadTooLarge => Write(context, Failure.TooLarge, "The body is larger than this server takes."),
            StatusCodes.Status415UnsupportedMediaType => WriteBlank(context, "The body has the Content-Type application/json; at /oauth/token application/x-www-form-urlencoded."),
            StatusCodes.Status500InternalServerError => WriteBlank(context,
                $"Something went wrong here, and it is in the log under {context.TraceIdentifier}."),
            StatusCodes.Status504GatewayTimeout => WriteBlank(context,
                "The answer took too long. Whether the request was carried out is not known."),
            var status => WriteBlank(context, ReasonPhrases.GetReasonPhrase(status)),
        };
    }

    private static Task WriteBlank(HttpContext context, string detail)
    {
        var status = context.Response.StatusCode;
        return Write(context, new Problem("about:blank", ReasonPhrases.GetReasonPhrase(status), status, detail));
    }

    private static Task Write(HttpContext context, Problem problem)
    {
        context.Response.StatusCode = problem.Status;
        context.Audit().Problem = problem;

        // Without a token of ours: with one it would throw, and be logged, for everybody who has hung up.
        return context.Response.WriteAsJsonAsync(problem, options: null, Problem.MediaType);
    }

    private static (int Status, string Code, string Title) Describe(Failure failure) => failure switch
    {
        Failure.Invalid => (StatusCodes.Status400BadRequest, "invalid", "The request is not valid"),
        Failure.NotSignedIn => (StatusCodes.Status401Unauthorized, "not_signed_in", "Not signed in"),
        Failure.Forbidden => (StatusCodes.Status403Forbidden, "forbidden", "Not allowed"),
        Failure.NotFound => (StatusCodes.Status404NotFound, "not_found", "Not found"),
        Failure.Conflict => (StatusCodes.Status409Conflict, "conflict", "It exists already or was changed in between"),
        Failure.TooLarge => (StatusCodes.Status413PayloadTooLarge, "too_large", "Too large"),
        Failure.TooMany => (StatusCodes.Status429TooManyRequests, "too_many", "Too many requests"),
        Failure.Unavailable => (StatusCodes.Status503ServiceUnavailable, "unavailable", "Not possible now"),
        _ => throw new ArgumentOutOfRangeException(nameof(failure), failure, "Not a failure of the closed list."),
    };
}
