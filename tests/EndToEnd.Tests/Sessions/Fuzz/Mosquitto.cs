namespace OrleansIoT.EndToEnd.Tests.Sessions.Fuzz;

/// <summary>Where mosquitto 2.0.11 is known to differ from the specification, so that it is not asked for its opinion.</summary>
internal static class Mosquitto
{
    /// <summary>It sends two messages for each acknowledgement, and so more than the Receive Maximum.</summary>
    public static ClientTraits Traits(ClientTraits traits) => traits with { ReceiveMaximum = ushort.MaxValue };

    public static bool Differs(SessionModel model, Step step) => step switch
    {
        // It does not send the will of a connection whose session is taken over.
        Connect when model.Sessions[step.Client] is { IsConnected: true, Will: not null } => true,

        // It waits for the end of a will's delay also when the session ends before that.
        Connect { Will.IsDelayed: true } => true,

        // It sends what is retained to a new shared subscription as well, and keeps the options of the first subscription.
        Subscribe subscribe => subscribe.Subscriptions.Any(subscription =>
            (SessionModel.IsShared(subscription.Filter) && model.Retained(SessionModel.Topics(subscription.Filter)).Any())
            || model.Sessions[step.Client].Subscriptions.ContainsKey(subscription.Filter)),
        _ => false,
    };
}
