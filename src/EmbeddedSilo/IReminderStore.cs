namespace OrleansIoT.EmbeddedSilo;

/// <summary>A reminder as it is stored.</summary>
/// <param name="GrainId">The grain that is woken.</param>
/// <param name="Name">Unique for the grain.</param>
/// <param name="StartAt">When the first tick is or was due, UTC.</param>
/// <param name="Period">From one tick to the next.</param>
/// <param name="LastTick">When the last tick that the grain has received was due, UTC; null before the first.</param>
public sealed record ReminderRow(
    GrainId GrainId, string Name, DateTimeOffset StartAt, TimeSpan Period, DateTimeOffset? LastTick);

/// <summary>
/// Where reminders survive the process. The host registers one; without it grains cannot register reminders. A row is
/// known by its grain and its name. A member is complete when its effect is durable.
/// </summary>
public interface IReminderStore
{
    Task<IReadOnlyList<ReminderRow>> ReadAll();

    /// <summary>Adds the row, or replaces the one of this grain and name.</summary>
    Task Upsert(ReminderRow row);

    /// <summary>Removes the row if there is one.</summary>
    Task Remove(GrainId grainId, string name);
}
