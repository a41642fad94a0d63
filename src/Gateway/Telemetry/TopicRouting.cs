using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using OrleansIoT.Failures;

namespace OrleansIoT.Gateway.Telemetry;

/// <summary>
/// Brings a request below <c>/iot/</c> to its route. The server's path cannot: it has decoded some slashes, resolved the
/// dot segments, and knows nothing of topics. So the target as sent decides, and routing sees a path in its place.
/// </summary>
internal static class TopicRouting
{
    public static Task ReadAddress(HttpContext context, RequestDelegate next)
    {
        if (TopicAddress.IsBelowIot(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget, out var address, context.Request.PathBase.Value))
        {
            if (address.IsEmpty)
            {
                context.Request.Path = "/iot"; // the list, whose address may end in a slash as any may
                return next(context);
            }

            var question = Read(address.ToString());
            context.Features.Set(question);
            context.Request.Path = question.Address?.Question switch
            {
                TopicQuestion.Latest => "/iot/-/latest",
                TopicQuestion.Stream => "/iot/-/stream",
                TopicQuestion.Range => "/iot/-/-/-",
                _ => "/iot/-",
            };
        }

        return next(context);
    }

    /// <summary>The address of a request that came to one of the routes below <c>/iot/</c>.</summary>
    /// <exception cref="FailureException">Invalid: it is not one. NotFound: <c>/iot/</c> itself was not written as such.</exception>
    public static TopicAddress AskedTopic(this HttpContext context) => context.Features.Get<Reading>() switch
    {
        { Address: { } address } => address,
        { Fault: { } fault } => throw fault,
        _ => throw new FailureException(Failure.NotFound, "There is nothing at this address; topics are below /iot/, written like this."),
    };

    /// <summary>A fault is kept until the request has come to its route: first of all a caller signs in.</summary>
    private static Reading Read(string address)
    {
        try
        {
            return new Reading(TopicAddress.Parse(address), null);
        }
        catch (FailureException fault)
        {
            return new Reading(null, fault);
        }
    }

    private sealed record Reading(TopicAddress? Address, FailureException? Fault);
}
