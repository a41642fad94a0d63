namespace OrleansIoT.Benchmarks.Trust.Processes;

/// <summary>What a process has done since it started.</summary>
/// <param name="Processor">Of all its threads, in microseconds.</param>
/// <param name="TokenChecks">Tokens that were validated: each a signature.</param>
/// <param name="TokensMade">Tokens that were signed.</param>
/// <param name="EnvelopeChecks">Envelopes of callers that were verified.</param>
/// <param name="Bytes">Above TCP, both ways, of the connections that it opened.</param>
internal readonly record struct Counts(double Processor, long TokenChecks, long TokensMade, long EnvelopeChecks, long Bytes)
{
    public static Counts operator +(Counts a, Counts b) => new(
        a.Processor + b.Processor, a.TokenChecks + b.TokenChecks, a.TokensMade + b.TokensMade,
        a.EnvelopeChecks + b.EnvelopeChecks, a.Bytes + b.Bytes);

    public static Counts operator -(Counts a, Counts b) => new(
        a.Processor - b.Processor, a.TokenChecks - b.TokenChecks, a.TokensMade - b.TokensMade,
        a.EnvelopeChecks - b.EnvelopeChecks, a.Bytes - b.Bytes);
}
