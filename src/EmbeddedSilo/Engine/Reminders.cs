using System.Collections.Concurrent;

namespace OrleansIoT.EmbeddedSilo.Engine;

/// <summary>
/// Wakes grains at their times. Ticks are due at StartAt plus whole periods; those that fell into a time when no silo
/// ran are made up for by one at the start. A tick that the grain refuses is logged and not repeated.
/// </summary>
internal sealed class Reminders(Silo silo, IReminderStore? store)
{
    private readonly ConcurrentDictionary<(GrainId, string), Reminder> _reminders = new();

    internal Silo Silo => silo;

    internal IReminderStore Store => store
        ?? throw new InvalidOperationException("No IReminderStore is registered, so reminders would not outlive the process.");

    internal async Task Start()
    {
        if (store is null)
        {
            return;
        }

        foreach (var row in await store.ReadAll())
        {
            if (silo.FindClass(row.GrainId.Type) is null)
            {
                silo.LogReminderWithoutClass(row.Name, row.GrainId);
            }
            else
            {
                Of(row.GrainId, row.Name).Arm(row);
            }
        }
    }

    /// <summary>No more ticks.</summary>
    /// <returns>Complete when those under way are delivered and noted; one that is not would come again at the next start.</returns>
    internal Task Stop()
    {
        foreach (var reminder in _reminders.Values)
        {
            reminder.Disarm();
        }

        return Task.WhenAll(_reminders.Values.Select(reminder => reminder.Tick));
    }

    internal async Task<IGrainReminder> Register(IGrainBase grain, string name, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(dueTime, TimeSpan.Zero);
        if (period < silo.Options.MinimumReminderPeriod)
        {
            throw new ArgumentException(
                $"The period of a reminder is at least {silo.Options.MinimumReminderPeriod}, not {period}.", nameof(period));
        }

        if (grain is not IRemindable)
        {
            throw new InvalidOperationException($"{grain.GetType()} does not implement IRemindable and cannot be reminded.");
        }

        var id = grain.GrainContext.GrainId;
        var reminder = Of(id, name);
        await reminder.Replace(new ReminderRow(id, name, silo.Clock.GetUtcNow() + dueTime, period, null));
        return reminder;
    }

    internal Task Unregister(GrainId grainId, string name) => Of(grainId, name).Replace(null);

    internal IGrainReminder? Find(GrainId grainId, string name) =>
        _reminders.TryGetValue((grainId, name), out var reminder) && reminder.IsRegistered ? reminder : null;

    internal List<IGrainReminder> All(GrainId grainId) =>
        [.. _reminders.Where(entry => entry.Key.Item1 == grainId && entry.Value.IsRegistered).Select(entry => entry.Value)];

    private Reminder Of(GrainId grainId, string name) =>
        _reminders.GetOrAdd((grainId, name), static (key, self) => new Reminder(self, key.Item1, key.Item2), this);
}
