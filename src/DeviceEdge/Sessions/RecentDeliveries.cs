namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// The deliveries that came last: one whose answer was lost comes again, and who was told of it once is not told again.
/// For any number of threads.
/// </summary>
internal sealed class RecentDeliveries
{
    /// <summary>About three megabytes; what is sent again comes within seconds.</summary>
    private const int Most = 65_536;

    private readonly Lock _gate = new();
    private readonly HashSet<long> _numbers = [];
    private readonly Queue<long> _inOrder = [];

    /// <param name="number">Of the delivery; 0 for one that is never sent again.</param>
    public bool IsNew(long number)
    {
        if (number == 0)
        {
            return true;
        }

        lock (_gate)
        {
            if (!_numbers.Add(number))
            {
                return false;
            }

            _inOrder.Enqueue(number);
            if (_inOrder.Count > Most)
            {
                _numbers.Remove(_inOrder.Dequeue());
            }

            return true;
        }
    }
}
