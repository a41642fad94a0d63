using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Numbers;

/// <summary>The numbers of a half-open range of event time; readings without one are left out.</summary>
/// <param name="Start">The first instant that belongs to the range.</param>
/// <param name="End">The first instant that does not.</param>
/// <param name="Field">Where a payload has its number.</param>
/// <param name="AsOf">Only what had arrived by then, that instant included; null for everything.</param>
public sealed record NumberQuery(DateTimeOffset Start, DateTimeOffset End, NumberField Field, DateTimeOffset? AsOf = null);
