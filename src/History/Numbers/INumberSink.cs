namespace OrleansIoT.History.Numbers;

/// <summary>Takes the numbers of a range, one reading after the other in ascending order of position, on one thread.</summary>
public interface INumberSink
{
    /// <param name="at">Event time in UTC ticks.</param>
    /// <param name="seq">The reading's number in its topic.</param>
    /// <param name="value">Its number, finite.</param>
    /// <returns>Whether there should be more.</returns>
    bool Add(long at, long seq, double value);
}
