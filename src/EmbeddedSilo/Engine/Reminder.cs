namespace OrleansIoT.EmbeddedSilo.Engine;

/// <summary>One reminder of one grain; without a row it is not registered.</summary>
internal sealed class Reminder : IGrainReminder, IDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(40); // a timer takes no more than 49

    private readonly Reminders _reminders;
    private readonly GrainId _grainId;
    private readonly ITimer _timer;

    // Writers of the row, one at a time: a tick that is noted must not bring back a reminder that was removed meanwhile.
    private readonly SemaphoreSlim _writing = new(1);
    private volatile ReminderRow? _row;
    private volatile Task _tick = Task.CompletedTask;

    internal Reminder(Reminders reminders, GrainId grainId, string name)
    {
        _reminders = reminders;
        _grainId = grainId;
        ReminderName = name;
        using (ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow())
        {
            _timer = reminders.Silo.Clock.CreateTimer(
                static self => ((Reminder)self!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    public string ReminderName { get; }

    internal bool IsRegistered => _row is not null;

    /// <summary>The last tick, until it is delivered and noted.</summary>
    internal Task Tick => _tick;

    private DateTimeOffset Now => _reminders.Silo.Clock.GetUtcNow();

    public void Dispose()
    {
        _timer.Dispose();
        _writing.Dispose();
    }

    /// <summary>Writes the row, or removes it, and goes by it from then on.</summary>
    internal async Task Replace(ReminderRow? row)
    {
        await _writing.WaitAsync();
        try
        {
            await (row is null ? _reminders.Store.Remove(_grainId, ReminderName) : _reminders.Store.Upsert(row));
            Arm(row);
        }
        finally
        {
            _writing.Release();
        }
    }

    internal void Arm(ReminderRow? row)
    {
        _row = row;
        if (row is null || _reminders.Silo.IsStopping)
        {
            Disarm();
            return;
        }

        var wait = NextTick(row) - Now;
        _timer.Change(wait < TimeSpan.Zero ? TimeSpan.Zero : wait > LongestWait ? LongestWait : wait, Timeout.InfiniteTimeSpan);
    }

    internal void Disarm() => _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    private static DateTimeOffset NextTick(ReminderRow row) => row.LastTick + row.Period ?? row.StartAt;

    private void OnTimer() => _tick = OnDue();

    private async Task OnDue()
    {
        if (_row is not { } row)
        {
            return;
        }

        var now = Now;
        if (NextTick(row) <= now)
        {
            await Deliver(row, now);
            await Note(row, row.StartAt + Math.Floor((now - row.StartAt) / row.Period) * row.Period);
        }
        else
        {
            Arm(row);
        }
    }

    private async Task Deliver(ReminderRow row, DateTimeOffset now)
    {
        try
        {
            await _reminders.Silo.Reference<IRemindable>(_grainId).ReceiveReminder(
                ReminderName, new TickStatus(row.StartAt.UtcDateTime, row.Period, now.UtcDateTime));
        }
        catch (Exception exception)
        {
            _reminders.Silo.LogReminderFailed(exception, ReminderName, _grainId);
        }
    }

    /// <summary>Notes the tick, unless the reminder was registered anew or removed while the grain had it.</summary>
    private async Task Note(ReminderRow row, DateTimeOffset tick)
    {
        await _writing.WaitAsync();
        try
        {
            if (_row == row)
            {
                var next = row with { LastTick = tick };
                Arm(next);
                await _reminders.Store.Upsert(next);
            }
        }
        catch (Exception exception)
        {
            _reminders.Silo.LogReminderFailed(exception, ReminderName, _grainId);
        }
        finally
        {
            _writing.Release();
        }
    }
}
