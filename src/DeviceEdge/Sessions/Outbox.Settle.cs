using System.Collections.Immutable;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// The client's answers. Those to messages of the durable queue go to the grain: one call at a time, and what comes meanwhile
/// goes with the next. PUBREL leaves when it is durable that the message is not sent again.
/// </summary>
internal sealed partial class Outbox
{
    private ImmutableArray<Settlement>.Builder? _unsettled;
    private Task _settling = Task.CompletedTask;
    private bool _isSettling;

    /// <summary>PUBACK, PUBREC or PUBCOMP; complete when the next packet may be handled.</summary>
    /// <exception cref="MqttProtocolException">It is no answer to what was sent.</exception>
    public ValueTask Handle(AckPacket ack)
    {
        Answered answered;
        lock (_gate)
        {
            answered = _inFlight.Acknowledge(ack.Type, ack.PacketId, ack.Reason >= ReasonCode.UnspecifiedError, out var number);
            if (number != 0 && answered is (Answered.Complete or Answered.Received))
            {
                Settle(new Settlement(number, answered == Answered.Complete));
            }
        }

        if (ack.Type == PacketType.PubRec && answered is (Answered.Unknown or Answered.Released))
        {
            // The client waits while it does not read, or it could ask for any number of these.
            var reason = answered == Answered.Released ? ReasonCode.Success : ReasonCode.PacketIdentifierNotFound;
            return _outgoing.Send(new AckPacket(PacketType.PubRel, ack.PacketId, reason)); // [MQTT-4.3.3-4]
        }

        Flush(); // there may be room now
        return ValueTask.CompletedTask;
    }

    /// <summary>With the gate held.</summary>
    private void Settle(Settlement settlement)
    {
        (_unsettled ??= ImmutableArray.CreateBuilder<Settlement>()).Add(settlement);
        if (!_isSettling)
        {
            _isSettling = true;
            _settling = SettleAll();
        }
    }

    private async Task SettleAll()
    {
        try
        {
            await Task.Yield(); // the gate is held
            while (TryTakeUnsettled(out var settlements))
            {
                await _grain.Settle(settlements);
                lock (_gate)
                {
                    foreach (var settlement in settlements)
                    {
                        if (_inFlight.Settled(settlement))
                        {
                            (_releases ??= new Queue<ushort>()).Enqueue(InFlight.IdOf(settlement.Number));
                        }
                    }
                }

                Flush();
            }
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    private bool TryTakeUnsettled(out ImmutableArray<Settlement> settlements)
    {
        lock (_gate)
        {
            settlements = _unsettled!.DrainToImmutable();
            return _isSettling = !settlements.IsEmpty;
        }
    }
}
