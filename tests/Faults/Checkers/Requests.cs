using OrleansIoT.Faults.Nemesis;
using OrleansIoT.Faults.Recording;

namespace OrleansIoT.Faults.Checkers;

/// <summary>What gateways say when they cannot serve.</summary>
internal static class Requests
{
    /// <summary>What a process that is up again after its death may need until it listens.</summary>
    private static readonly TimeSpan Start = TimeSpan.FromSeconds(15);

    /// <summary>Only 429, 503 and 504 say "try again"; no answer at all is for a gateway that is gone or stopped.</summary>
    public static IEnumerable<string> Unhelpful(Evidence evidence)
    {
        var absences = evidence.Faults.Where(injection => injection.Fault.Plan.Role is "gateway" or FaultPlan.Whole).ToList();
        return from request in evidence.Operations.OfType<Request>()
               where request.Outcome == Outcome.Fail
                   || (request is { Status: null, Ended: not null } && !absences.Exists(absence => MayBeTheCause(absence, request)))
               select $"{request.Route} at {request.Gateway} was answered {request.Status?.ToString() ?? "nothing"} at {request.Ended:c}: {request.Answer}";
    }

    private static bool MayBeTheCause(Injection absence, Request request) =>
        absence.Began <= request.Ended && (absence.Ended is not { } ended || request.Begun <= ended + Start);
}
