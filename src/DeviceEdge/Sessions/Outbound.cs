using System.Collections.Immutable;
using OrleansIoT.Telemetry;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>A message on its way to one session.</summary>
/// <param name="Message">What is sent.</param>
/// <param name="Qos">How: the lower one of the message's and the subscription's [MQTT-3.8.4-8].</param>
/// <param name="Retain">The RETAIN flag to send it with.</param>
/// <param name="SubscriptionIds">Of the subscriptions that matched; empty, never default.</param>
internal readonly record struct Outbound(TelemetryMessage Message, Qos Qos, bool Retain, ImmutableArray<uint> SubscriptionIds);
