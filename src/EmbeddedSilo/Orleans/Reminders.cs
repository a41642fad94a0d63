using OrleansIoT.EmbeddedSilo.Engine;

namespace Orleans
{
    /// <summary>A grain that is woken by reminders: timers that outlive its activation and the process.</summary>
    public interface IRemindable : IGrain
    {
        Task ReceiveReminder(string reminderName, TickStatus status);
    }

    /// <summary>The reminders of a grain. Whoever registers one implements <see cref="IRemindable"/>.</summary>
    public static class GrainReminderExtensions
    {
        /// <summary>Complete when the reminder is durable. One of the same name is replaced.</summary>
        /// <exception cref="ArgumentException">The period is shorter than the silo allows.</exception>
        public static Task<IGrainReminder> RegisterOrUpdateReminder(
            this IGrainBase grain, string reminderName, TimeSpan dueTime, TimeSpan period) =>
            RemindersOf(grain).Register(grain, reminderName, dueTime, period);

        /// <summary>Complete when it is durable that the reminder is gone.</summary>
        public static Task UnregisterReminder(this IGrainBase grain, IGrainReminder reminder)
        {
            ArgumentNullException.ThrowIfNull(reminder);
            return RemindersOf(grain).Unregister(grain.GrainContext.GrainId, reminder.ReminderName);
        }

        public static Task<IGrainReminder?> GetReminder(this IGrainBase grain, string reminderName) =>
            Task.FromResult(RemindersOf(grain).Find(grain.GrainContext.GrainId, reminderName));

        public static Task<List<IGrainReminder>> GetReminders(this IGrainBase grain) =>
            Task.FromResult(RemindersOf(grain).All(grain.GrainContext.GrainId));

        private static Reminders RemindersOf(IGrainBase grain) => ((Activation)grain.GrainContext).Silo.Reminders;
    }
}

namespace Orleans.Runtime
{
    public interface IGrainReminder
    {
        string ReminderName { get; }
    }

    /// <summary>Which tick this is.</summary>
    [GenerateSerializer, Immutable]
    public readonly struct TickStatus(DateTime firstTickTime, TimeSpan period, DateTime timeStamp)
    {
        [Id(0)]
        public DateTime FirstTickTime { get; } = firstTickTime;

        [Id(1)]
        public TimeSpan Period { get; } = period;

        [Id(2)]
        public DateTime CurrentTickTime { get; } = timeStamp;

        public override string ToString() => $"<{FirstTickTime:O}, {Period}, {CurrentTickTime:O}>";
    }
}
