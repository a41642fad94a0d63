using System.Runtime.InteropServices;
using Npgsql;
using NpgsqlTypes;
using OrleansIoT.Identity;

namespace OrleansIoT.History.Postgres;

/// <summary>
/// The readings of a group of appends: a handful of statements, however many they are. Rows of topics and then of devices
/// are written in the order of their ids, so that two processes wait for each other in one direction only.
/// </summary>
internal sealed class ReadingGroup(NpgsqlConnection connection, Names names)
{
    /// <summary>About what a reading takes besides its payload: its row's head and columns, and its place in the index.</summary>
    public const int ReadingBytes = 128;

    private const string ReadTails =
        """
        SELECT topic.name, topic.id, tail.last_seq
        FROM topic JOIN topic_tail AS tail ON tail.topic = topic.id WHERE topic.name = ANY ($1)
        """;

    // Whoever inserts second waits for the first, and then finds the topic there.
    private const string AddTopics =
        """
        WITH added AS (
            INSERT INTO topic (name) SELECT name FROM unnest($1::text[]) AS name ORDER BY name COLLATE "C"
            ON CONFLICT DO NOTHING RETURNING id)
        INSERT INTO topic_tail (topic, last_seq) SELECT id, 0 FROM added
        """;

    // The fence: a topic is extended only from where the writer believes it ends.
    private const string ExtendTopics =
        """
        UPDATE topic_tail AS tail SET
            last_seq = tail.last_seq + n.readings, readings = tail.readings + n.readings,
            first_at = least(tail.first_at, n.first_at), last_at = greatest(tail.last_at, n.last_at),
            bytes = tail.bytes + n.bytes
        FROM (
            SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
            AS n (topic, last_seq, readings, first_at, last_at, bytes) ORDER BY topic) AS n
        WHERE tail.topic = n.topic AND tail.last_seq = n.last_seq
        """;

    private const string ReadDevices = "SELECT name, id FROM device WHERE name = ANY ($1)";

    private const string AddDevices =
        """
        WITH added AS (
            INSERT INTO device (name) SELECT name FROM unnest($1::text[]) AS name ORDER BY name COLLATE "C"
            ON CONFLICT DO NOTHING RETURNING id)
        INSERT INTO device_tail (device) SELECT id FROM added
        """;

    private const string CountDevices =
        """
        UPDATE device_tail AS tail SET readings = tail.readings + n.readings, received_at = n.received_at
        FROM (
            SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS n (device, readings, received_at)
            ORDER BY device) AS n
        WHERE tail.device = n.device RETURNING tail.device, tail.readings
        """;

    private const string CopyReadings =
        """
        COPY reading (topic, at, seq, device, device_seq, received_at, packet_id, has_own_time, dup, payload)
        FROM STDIN (FORMAT BINARY)
        """;

    private readonly Dictionary<string, Topic> _topics = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Tenant, string Name), Device> _devices = [];
    private readonly List<TelemetryAppend> _appends = [];

    /// <summary>The append's readings go with the group; call it in the order of the calls.</summary>
    public void Add(TelemetryAppend append)
    {
        ref var topic = ref CollectionsMarshal.GetValueRefOrAddDefault(_topics, append.Topic, out _);
        topic ??= new Topic(append.Topic);
        topic.Appends.Add(append);
        _appends.Add(append);
    }

    /// <summary>Stores what follows, and refuses the rest.</summary>
    /// <exception cref="StaleNamesException">Somebody else wrote to a topic meanwhile: nothing is wrong but the hints.</exception>
    public void Store()
    {
        FindEnds();
        AddNewTopics();
        Extend();
        Count();
        Copy();
    }

    /// <summary>Once it is durable.</summary>
    public void Remember()
    {
        foreach (var topic in _topics.Values.Where(topic => topic.Id is not null))
        {
            names.Remember(topic.Name, topic.Id!.Value, topic.LastSeq + topic.Readings);
        }

        foreach (var device in _devices.Values)
        {
            names.Remember(device.Name, device.Id);
        }
    }

    /// <summary>Takes what follows by the hints, and asks the database before it refuses anything.</summary>
    private void FindEnds()
    {
        var unsure = new List<Topic>();
        foreach (var topic in _topics.Values)
        {
            if (names.TopicOf(topic.Name) is not { } hint || !topic.Follow(hint.Id, hint.LastSeq))
            {
                unsure.Add(topic);
            }
        }

        if (unsure.Count > 0)
        {
            Ask(unsure);
        }
    }

    /// <summary>Those that there are not begin with 1.</summary>
    private void Ask(List<Topic> unsure)
    {
        foreach (var topic in unsure)
        {
            topic.Follow(null, 0);
        }

        foreach (var (name, id, lastSeq) in connection.All(
            row => (row.Text(0), row.GetInt64(1), row.GetInt64(2)), ReadTails, (object)unsure.Select(topic => topic.Name).ToArray()))
        {
            _topics[name].Follow(id, lastSeq);
        }
    }

    private void AddNewTopics()
    {
        var added = _topics.Values.Where(topic => topic is { Id: null, Readings: > 0 }).ToList();
        if (added.Count > 0)
        {
            connection.Run(AddTopics, (object)added.Select(topic => topic.Name).ToArray());
            Ask(added);
        }
    }

    private void Extend()
    {
        var topics = _topics.Values.Where(topic => topic.Readings > 0).OrderBy(topic => topic.Id).ToArray();
        if (topics.Length == 0)
        {
            return;
        }

        var extended = connection.Run(
            ExtendTopics,
            Array.ConvertAll(topics, topic => topic.Id!.Value),
            Array.ConvertAll(topics, topic => topic.LastSeq),
            Array.ConvertAll(topics, topic => topic.Readings),
            Array.ConvertAll(topics, topic => topic.FirstAt),
            Array.ConvertAll(topics, topic => topic.LastAt),
            Array.ConvertAll(topics, topic => topic.Bytes));
        if (extended < topics.Length)
        {
            Array.ForEach(topics, topic => names.Forget(topic.Name));
            throw new StaleNamesException();
        }
    }

    private void Count()
    {
        foreach (var append in _appends.Where(append => append.Refusal is null))
        {
            foreach (var reading in append.Stored)
            {
                ref var device = ref CollectionsMarshal.GetValueRefOrAddDefault(_devices, (append.Tenant, reading.Device), out _);
                device ??= new Device(new GrainKey(append.Tenant, reading.Device).ToString());
                device.Readings++;
                device.ReceivedAt = reading.ReceivedAt.UtcTicks;
            }
        }

        if (_devices.Count == 0)
        {
            return;
        }

        FindDevices();
        var devices = _devices.Values.OrderBy(device => device.Id).ToArray();
        var byId = devices.ToDictionary(device => device.Id);
        var counted = connection.All(
            row => (Id: row.GetInt64(0), Readings: row.GetInt64(1)),
            CountDevices,
            Array.ConvertAll(devices, device => device.Id),
            Array.ConvertAll(devices, device => device.Readings),
            Array.ConvertAll(devices, device => device.ReceivedAt));
        if (counted.Count < devices.Length)
        {
            names.ForgetAll();
            throw new StaleNamesException();
        }

        foreach (var (id, readings) in counted)
        {
            byId[id].LastSeq = readings - byId[id].Readings;
        }
    }

    private void FindDevices()
    {
        var unknown = new Dictionary<string, Device>(StringComparer.Ordinal);
        foreach (var device in _devices.Values)
        {
            if (names.DeviceOf(device.Name) is { } id)
            {
                device.Id = id;
            }
            else
            {
                unknown.Add(device.Name, device);
            }
        }

        for (var round = 0; unknown.Count > 0 && round < 2; round++)
        {
            if (round > 0)
            {
                connection.Run(AddDevices, (object)unknown.Keys.ToArray());
            }

            foreach (var (name, id) in connection.All(
                row => (row.Text(0), row.GetInt64(1)), ReadDevices, (object)unknown.Keys.ToArray()))
            {
                unknown.Remove(name, out var device);
                device!.Id = id;
            }
        }
    }

    private void Copy()
    {
        if (_devices.Count == 0)
        {
            return;
        }

        using var copy = connection.BeginBinaryImport(CopyReadings);
        foreach (var append in _appends.Where(append => append.Refusal is null))
        {
            var topic = append.Stored.Count > 0 ? _topics[append.Topic].Id!.Value : 0;
            var seq = append.FirstSeq;
            foreach (var reading in append.Stored)
            {
                var device = _devices[(append.Tenant, reading.Device)];
                copy.StartRow();
                copy.Write(topic, NpgsqlDbType.Bigint);
                copy.Write(reading.At.UtcTicks, NpgsqlDbType.Bigint);
                copy.Write(seq++, NpgsqlDbType.Bigint);
                copy.Write(device.Id, NpgsqlDbType.Bigint);
                copy.Write(++device.LastSeq, NpgsqlDbType.Bigint);
                copy.Write(reading.ReceivedAt.UtcTicks, NpgsqlDbType.Bigint);
                copy.Write((int)reading.PacketId, NpgsqlDbType.Integer);
                copy.Write(reading.HasOwnTime, NpgsqlDbType.Boolean);
                copy.Write(reading.Dup, NpgsqlDbType.Boolean);
                copy.Write(reading.Payload, NpgsqlDbType.Bytea);
            }
        }

        copy.Complete();
    }

    private sealed class Topic(string name)
    {
        public string Name => name;

        public List<TelemetryAppend> Appends { get; } = [];

        /// <summary>Null when there is none yet.</summary>
        public long? Id { get; private set; }

        /// <summary>Before the group.</summary>
        public long LastSeq { get; private set; }

        /// <summary>How many the group adds.</summary>
        public long Readings { get; private set; }

        public long FirstAt { get; private set; }

        public long LastAt { get; private set; }

        public long Bytes { get; private set; }

        /// <summary>Takes the appends that follow one another from here on.</summary>
        /// <returns>Whether all do.</returns>
        public bool Follow(long? id, long lastSeq)
        {
            (Id, LastSeq, Readings, FirstAt, LastAt, Bytes) = (id, lastSeq, 0, long.MaxValue, long.MinValue, 0);
            var isAll = true;
            foreach (var append in Appends)
            {
                append.Refusal = null;
                if (append.FirstSeq != LastSeq + Readings + 1)
                {
                    append.Refusal = new SequenceConflictException(
                        $"The history of {name} ends at {LastSeq + Readings}; {append.FirstSeq} does not follow.");
                    isAll = false;
                    continue;
                }

                Readings += append.Stored.Count;
                foreach (var reading in append.Stored)
                {
                    FirstAt = Math.Min(FirstAt, reading.At.UtcTicks);
                    LastAt = Math.Max(LastAt, reading.At.UtcTicks);
                    Bytes += reading.Payload.Length + ReadingBytes;
                }
            }

            return isAll;
        }
    }

    private sealed class Device(string name)
    {
        public string Name => name;

        public long Id { get; set; }

        /// <summary>How many the group adds.</summary>
        public long Readings { get; set; }

        public long ReceivedAt { get; set; }

        /// <summary>The number of its last reading, from before the group on.</summary>
        public long LastSeq { get; set; }
    }
}

/// <summary>What was remembered of topics or devices is not so any more; the transaction is repeated without it.</summary>
internal sealed class StaleNamesException : Exception;
