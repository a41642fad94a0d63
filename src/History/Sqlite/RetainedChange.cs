using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Sqlite;

/// <summary>A message that becomes its topic's retained one; an empty one removes that (MQTT 5.0 section 3.3.1.3).</summary>
internal sealed class RetainedChange(string topic, TelemetryMessage message)
{
    private const string Put =
        """
        INSERT INTO retained (topic, publisher, expires_at, message) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (topic) DO UPDATE
        SET publisher = excluded.publisher, expires_at = excluded.expires_at, message = excluded.message
        """;

    private const string Remove = "DELETE FROM retained WHERE topic = ?1";

    private readonly byte[] _blob = message.Payload.IsEmpty ? [] : MessageBlob.Write(message);
    private readonly string _publisher = (GrainKey.Parse(topic) with { Name = message.Device }).ToString();
    private readonly DateTimeOffset? _expiresAt = message.Properties?.ExpiresAfter is null ? null : message.ExpiresAt;

    public long Size => _blob.Length;

    public void Apply(Connection connection)
    {
        if (_blob.Length == 0)
        {
            connection.Prepare(Remove).Bind(1, topic).Run();
        }
        else
        {
            connection.Prepare(Put).Bind(1, topic).Bind(2, _publisher).Bind(3, _expiresAt).Bind(4, _blob).Run();
        }
    }
}
