/**
 * Every ceiling of the node: queues, maps, streams, messages, timers. What stands above a ceiling is its
 * one description: docs/limits.md is generated from these comments (`npm run generate`).
 * docs/extending.md shows how to add one.
 */
export const limits = {
  // --- the wire -----------------------------------------------------------------------------------
  /** Longest gRPC message of a client, and the default of `--max-message-size`: a paused hunter
   * resumes with one huge batch. `largeMessagesBytesMax` bounds its memory. */
  messageBytesMax: 32 * 1024 * 1024,
  /** Packets in one batch; 32 MiB of the smallest Ethernet frames are fewer. Walker and admission
   * keep 50 bytes a packet of the largest batch that the shard has seen: 25 MiB a shard. */
  batchPacketsMax: 524_288,
  /** Bytes of one packet, which is what Wireshark accepts in a capture file. A longer packet is
   * rejected by reason, and its batch goes on. */
  packetBytesMax: 262_144,
  /** A longer hunter id ends the stream with INVALID_ARGUMENT. */
  hunterIdBytesMax: 1024,
  /** Of a longer interface name the beginning is kept; names that differ only behind it are one
   * interface. */
  interfaceNameBytesMax: 256,
  /** Nesting of unknown groups that the batch walker follows, which bounds its stack. Deeper
   * nesting makes a batch undecodable. */
  groupDepthMax: 32,

  // --- recording ----------------------------------------------------------------------------------
  /** Bytes that wait for the recorder, over all rings; each shard has an equal part. While a ring
   * is full, its shard's streams are not read. */
  recordRingBytes: 32 * 1024 * 1024,
  /** Bytes that the recorder writes and commits as one group. The group stays in the rings and is
   * not copied for pcapng. */
  recordGroupBytesMax: 1024 * 1024,
  /** With `--ack synced`, the longest time from a write to its fdatasync. */
  syncDelayMsMax: 10,
  /** Entries of (hunter, interface, link type) in one shard, and in one file section. With the
   * longest ids and names an entry takes 2.8 KiB in the shard and 2.1 KiB in the recorder: 184 +
   * 135 MiB a shard. Beyond it each link type has one named overflow interface. */
  interfacesMax: 65_536,
  /** Capture files open at a time: classic pcap has a file for each link type. Each takes three
   * descriptors: the file, its writer, and the lock of its name. The lock of the first file is
   * always held. */
  captureFilesOpenMax: 32,
  /** Interface and section blocks that one group puts before its packets; held once. */
  recordPrefixBytesMax: 1024 * 1024,
  /** Time between two attempts while a disk takes nothing. */
  recordRetryMs: 250,
  /** The recorder's thread reads its messages at least this often. */
  recordYieldMs: 5,
  /** After so many bytes the last good offset goes to the side file: recovery scans no more than
   * this of a file that has one. */
  sideFileEveryBytes: 64 * 1024 * 1024,
  /** And after this time. */
  sideFileEveryMs: 1000,
  /** A longer file without a side file is moved aside unscanned at the start. */
  recoveryScanBytesMax: 1024 * 1024 * 1024,
  /** A longer block in a pcapng file that is to be continued is damage. Wireshark accepts this
   * length. */
  captureBlockBytesMax: 16 * 1024 * 1024,

  // --- ingest -------------------------------------------------------------------------------------
  /** Link types that one shard takes for as long as it lives: classic pcap has a file for each.
   * Packets of further link types are rejected by reason. Seven of the places are kept for ordinary
   * interfaces. */
  linkTypesMax: 64,
  /** Hunter ids that one shard remembers, 1.9 KiB each with the longest id: 122 MiB a shard. The id
   * looked up longest ago is forgotten first; it is known again with its next stream. */
  huntersPerShardMax: 65_536,
  /** Hunters of one stream that control counts as connected by it: a processor below carries many.
   * A further hunter is kept by its packets, not by the open stream. */
  streamHuntersMax: 1024,
  /** The same over all streams of a shard, 32 B each: 1 MiB. Their entries are those of
   * `huntersPerShardMax`. */
  streamingHuntersPerShardMax: 32_768,
  /** StreamPackets RPCs over all shards; one more is answered with RESOURCE_EXHAUSTED. It
   * multiplies what is counted per stream. */
  streamsMax: 1024,
  /** Acks of one stream that wait for the disk; above it the stream is not read. */
  pendingAcksPerStreamMax: 16_384,
  /** Acks of all streams of a shard, also of clients that left, 0.24 KiB each: 31 MiB a shard.
   * Above it no stream of the shard is read. */
  pendingAcksMax: 131_072,
  /** Streams of a shard whose client has left while messages of it waited: these are still taken. Of
   * further ones they are lost, as they were never acknowledged. Their memory is that of open streams. */
  departedStreamsMax: 256,
  /** Bytes of acks that one hunter has not read, 256 MiB over all streams. Above it the stream is
   * not read; acks that were due already may follow. */
  unreadAckBytesMax: 256 * 1024,
  /** A message up to this size may be half received on any stream at any time: 128 MiB over all
   * streams. While the queue is full, none goes on. */
  smallMessageBytesMax: 128 * 1024,
  /** What comes while a stream is not read is kept in blocks of this size. Its window bounds it. */
  backlogBlockBytes: 16 * 1024,
  /** Such blocks that a shard keeps for the next time: 16 MiB. */
  backlogFreeBlocksMax: 1024,
  /** Half-received messages above that size, over all shards; each reserves its whole length before
   * the rest is read. Each shard has an equal part, and room for at least one message of the
   * largest size. One address has half of that, or one message. */
  largeMessagesBytesMax: 96 * 1024 * 1024,
  /** A stream that stops inside a message, or waits this long for room, is ended. */
  messageStallMsMax: 30_000,
  /** The same for a stream that has room while clients of other addresses wait for it. */
  messageGiveWayMs: 3000,
  /** Within that time at least this much of a large message must come. */
  messageProgressBytesMin: 256 * 1024,
  /** Fill of the queue above which hunters are told SLOW. */
  slowAbove: 0.7,
  /** Fill above which hunters are told PAUSE; the rest of the queue is for what they had already
   * sent. */
  pauseAbove: 0.9,
  /** Fill below which hunters are told RESUME. */
  resumeBelow: 0.3,
  /** Hunters that are resumed together. */
  resumesAtOnce: 8,
  /** Time between two such groups. */
  resumeIntervalMs: 20,

  // --- the door -----------------------------------------------------------------------------------
  /** Connections over all shards; one more is closed at once. With one stream each takes 31 KiB,
   * with TLS 45 KiB: 90 MiB. */
  connectionsMax: 2048,
  /** Open files of the process (`ulimit -n`) that connections leave to the rest, at most half of
   * all. A connection beyond the others is closed at once, so that capture files can always be
   * opened. */
  openFilesReserved: 160,
  /** Streams of one connection, told to the client in SETTINGS. */
  streamsPerConnectionMax: 128,
  /** Connections of one address over all shards, half of the node: many hunters may be behind one
   * address translation, with two connections each. One more is closed at once. */
  connectionsPerAddressMax: 1024,
  /** Packet streams of one address; one more is answered with RESOURCE_EXHAUSTED. */
  streamsPerAddressMax: 512,
  /** RPCs of one address that control answers, and live views; one more is answered with
   * RESOURCE_EXHAUSTED. */
  rpcsPerAddressMax: 2048,
  /** Connections of one address on which no RPC has begun, so also TLS handshakes under way. One
   * more is closed at once. */
  newcomersPerAddressMax: 512,
  /** Places for the counts of addresses, 8 B each: 32 KiB a shard. An address is one IPv4 address
   * or one /64 of IPv6; two may by chance share their counts. */
  addressSlots: 4096,
  /** A client has this time for its HTTP/2 preface and settings; then its connection is closed. */
  greetingMsMax: 7000,
  /** And this time for its first RPC; connections are looked through once a second. While
   * `connectionsMax` are open, a new one takes the place of the oldest whose caller is not known:
   * first of one that has had health checks alone, where callers are asked who they are, then of
   * one without an RPC. */
  firstRpcMsMax: 9000,
  /** RPCs of one shard that wait for their beginning, 8 KiB each: 32 MiB. Above it the connection
   * with the most of them is closed. */
  waitingRpcsMax: 4096,
  /** RPCs begin for this long in one turn of the event loop; then packet streams have their turn. */
  rpcTurnMsMax: 4,
  /** What a client may have on its way on one connection. Bytes that came are given back at once. */
  connectionWindowBytes: 16 * 1024 * 1024,
  /** Headers of one RPC, told to the client in SETTINGS. */
  headerBytesMax: 16 * 1024,
  /** Time from the connection to the end of the TLS handshake; then the connection is closed. */
  tlsHandshakeMsMax: 5000,
  /** Received chunks that are garbage and not yet collected, per shard; the same of answers, in
   * control too. */
  collectAfterBytes: 4 * 1024 * 1024,
  /** What a closed connection counts for among those chunks. */
  connectionGarbageBytes: 16 * 1024,
  /** What an RPC counts for there: after 2,048 RPCs a shard collects everything. */
  rpcGarbageBytes: 8 * 1024,
  /** A connection that was silent for this long is pinged. */
  keepaliveIntervalMs: 30_000,
  /** A connection that does not answer the ping within this time is closed. */
  keepaliveTimeoutMs: 20_000,
  /** RPCs of one shard that control answers; one more is answered with RESOURCE_EXHAUSTED. */
  tunnelRpcsMax: 4096,
  /** Unread messages of one such RPC, each way. */
  tunnelUnreadMessagesMax: 16,
  /** Bytes that control has not read, over all RPCs of a shard. The RPC that brings more ends with
   * RESOURCE_EXHAUSTED. */
  tunnelUnreadBytesMax: 32 * 1024 * 1024,
  /** Bytes of one RPC that wait behind its unread messages. More ends the RPC: its stream is never
   * left unread. */
  tunnelWaitingBytesMax: 64 * 1024,
  /** Answers that clients have not read, per shard. Above it the RPC that stands still for longest
   * is reset. */
  tunnelUnreadAnswerBytesMax: 16 * 1024 * 1024,
  /** Answers on their way from control to one shard, and one RPC's more. Further RPCs wait with
   * their work. */
  answersUnderWayBytesMax: 2 * 1024 * 1024,
  /** Smaller answers do not count there. */
  answerCountedBytesMin: 16 * 1024,
  /** A message up to this size may be half received at any time: with `tunnelRpcsMax` 16 MiB a
   * shard. A larger one takes room of `largeMessagesBytesMax`, and is refused when there is none. */
  tunnelSmallMessageBytesMax: 4096,
  /** An RPC whose request does not come, or whose answers are not read, for this long is ended. */
  tunnelStallMsMax: 30_000,
  /** One message of such an RPC, or `--max-message-size` where that is less. */
  controlMessageBytesMax: 4 * 1024 * 1024,

  // --- followed files: filters, keys, certificates ------------------------------------------------
  /** The files are looked at this often, even when the system reports no change. */
  filePollMs: 200,
  /** A changed file is read when it stood still for this long. */
  fileSettleMs: 50,
  /** The same where it may be half of a change: it is empty or gone, or one of several. */
  filePartSettleMs: 250,
  /** A changed file is read after this long even if it does not stand still, unless it is empty or
   * gone. */
  fileSettleMsMax: 400,

  // --- certificates and keys ----------------------------------------------------------------------
  /** One file of `--tls-cert`, `--tls-key` or `--tls-ca`: 3 MiB in control and in each shard. */
  credentialFileBytesMax: 1024 * 1024,
  /** Certificates in one file, 16 KiB each when read: 8 MiB in control and in each shard; twice
   * that for a moment while they are read again. */
  certificatesPerFileMax: 256,
  /** The log warns of a certificate that ends within this time, 30 days. */
  certificateWarnMs: 30 * 86_400_000,
  /** And warns again after this time, a day. */
  certificateWarnEveryMs: 86_400_000,

  // --- live views ---------------------------------------------------------------------------------
  /** Share of a shard's time that live views may take. Of the time that the shard's thread does not
   * need itself, live views have nine tenths more; the thread needs what it runs for and what it
   * waits for a core. Views lose what there is no time for, and it is counted. */
  fanoutTimeShareMax: 0.29,
  /** Time that was not used and may be used later. */
  fanoutSavedMsMax: 20,
  /** Time that may be taken in advance to lay out batches, not to write them: up to half of
   * `--subscriber-buffer` batches wait until there is time to write. */
  fanoutDebtMsMax: 5,
  /** The load of the thread is measured this often. */
  fanoutSampleMs: 25,
  /** The most that one step is charged with: a longer one was interrupted. */
  fanoutChargeMsMax: 2,
  /** Messages that are laid out together, and written to each transport at once. */
  fanoutBundleBytes: 512 * 1024,
  /** The same in batches. */
  fanoutBundleBatchesMax: 16,
  /** With more than 32 different selections bundles are smaller, down to this or to one message. */
  fanoutBundleBytesMin: 16 * 1024,
  /** Bundles that are being laid out, per shard; above it they go into the queues at once. One
   * batch may be laid out beyond it: 64 MiB. */
  fanoutOpenBytesMax: 32 * 1024 * 1024,
  /** Bundles whose memory is kept for the next ones, because freed memory comes back late: 32 MiB a
   * shard. Views that all want the same use a few. */
  fanoutSpareBundlesMax: 64,
  /** Bundles that wait for all live views of the node; each shard has an equal part. Above it the
   * view furthest behind loses its queue. */
  fanoutQueuedBytesMax: 128 * 1024 * 1024,
  /** A bundle that is not full waits this long for more batches, unless nothing was sent lately. */
  fanoutDelayMs: 5,
  /** Losses are told, and idle views looked for, this often. */
  fanoutSweepMs: 1000,
  /** Bytes that wait for one live view, and no more than `--subscriber-buffer` batches: 100 of
   * full-size packets are 10 MiB, and a hunter that resumes sends one as long as a message may be.
   * Views that want the same share them; they are part of `fanoutQueuedBytesMax`. */
  subscriberQueueBytesMax: 40 * 1024 * 1024,
  /** Bundles that the transports of a shard have not taken, one for each live view: with more than
   * 128 views bundles are smaller. A single message may be longer. */
  fanoutUnreadBytesMax: 64 * 1024 * 1024,
  /** A larger batch goes out in several messages: existing clients take 4 MiB. */
  subscriberMessageBytesMax: 4 * 1024 * 1024 - 4096,
  /** After this time without a batch an empty one is sent. */
  subscriberIdleMs: 30_000,
  /** A larger request is refused. Every shard keeps what a request names: 512 KiB × live views ×
   * shards. */
  subscribeRequestBytesMax: 256 * 1024,
  /** A client with a longer name is refused. */
  clientIdBytesMax: 256,
  /** Hunters that one live view may name, as far as the request has room for them. */
  selectionHuntersMax: 4096,
  /** Bytes on their way from one shard to another, for each ordered pair; a batch that has begun
   * goes on beyond it. */
  meshCreditBytes: 4 * 1024 * 1024,

  // --- the roster ---------------------------------------------------------------------------------
  /** Hunters that the node knows, 2.7 KiB each with the longest id and a heartbeat: 168 MiB. Beyond
   * it new names are not noted; a hunter that registers takes the place of one that never did. */
  rosterHuntersMax: 65_536,
  /** Host name, version and interfaces of one registration; `--max-hunters` times that. */
  registrationBytesMax: 64 * 1024,
  /** After this silence the state of a hunter is ERROR. */
  hunterStaleMs: 30_000,
  /** After this silence a hunter is forgotten, unless an RPC of it is open. */
  hunterForgetMs: 300_000,
  /** Silent hunters are looked for this often. */
  hunterSweepMs: 2000,
  /** Time between two clean-ups of forgotten hunters. */
  hunterPurgeMs: 120_000,
  /** Changed counters of a hunter reach monitoring streams at most this often. */
  hunterChangedMs: 1000,
  /** Hunters that one heartbeat stream keeps from being forgotten: 16 × 64 B an RPC. */
  heartbeatHuntersMax: 16,

  // --- status, topology and monitoring ------------------------------------------------------------
  /** Hunters (registered ones first) or subscribers of one answer, encoded: existing clients take 4
   * MiB. The rest is left out, and the totals count it. */
  statusBytesMax: 3 * 1024 * 1024,
  /** Changes that wait for one SubscribeTopology stream, 64 B each: 25 MiB for `tunnelRpcsMax`
   * streams. While it is full, new changes are left out. */
  topologyUpdatesMax: 100,
  /** Hunters with changes that wait for one monitoring stream, 100 B each: 100 MiB for
   * `tunnelRpcsMax` streams. When it is full, they become one snapshot. */
  monitoringUpdatesMax: 256,
  /** Live views that a status names; further ones are only counted. */
  subscriberReportsMax: 4096,
  /** Hunter ids that a status shows of one live view; with the longest ids 64 MiB for all views. */
  subscriberHuntersShownMax: 16,

  // --- filters ------------------------------------------------------------------------------------
  /** Filters of the set; one more is answered with RESOURCE_EXHAUSTED. With `filterFileBytesMax`:
   * 60 MiB for the set and the file's text, and 160 MiB while a change is read or written. */
  filtersMax: 100_000,
  /** A longer filter id is INVALID_ARGUMENT. */
  filterIdBytesMax: 256,
  /** And so is a longer pattern. */
  filterPatternBytesMax: 16 * 1024,
  /** And a longer description. */
  filterDescriptionBytesMax: 4096,
  /** Hunters that one filter names. */
  filterTargetsMax: 256,
  /** A longer filter file is refused, and so is a change that would make it longer. */
  filterFileBytesMax: 32 * 1024 * 1024,
  /** Characters of the file that are parsed in one go, before the thread does something else. */
  filterParseCharsMax: 16 * 1024,
  /** A file whose filters are not listed as `- id: …` is parsed whole, and may not be longer. */
  filterWholeCharsMax: 256 * 1024,
  /** Problems of a filter file that are told, and as many doubts. */
  filterRemarksMax: 20,
  /** Attempts to write a change while others keep changing the file. */
  filterWriteAttemptsMax: 20,
  /** Filters in the answer to a registration; the hunter gets the others when it subscribes. */
  registrationFiltersBytesMax: 3 * 1024 * 1024,
  /** Updates, a (subscription, filter) pair each, that wait to be sent, 60 bytes each: 240 MiB.
   * Above it the hunter with the most of them has to connect anew. */
  filterUpdatesWaitingMax: 4_194_304,
  /** A hunter that takes no update for this long has its streams ended. */
  filterStuckMs: 30_000,
  /** Such hunters are looked for this often. */
  filterSweepMs: 1000,

  // --- who may call -------------------------------------------------------------------------------
  /** A shorter API key is refused at the start. */
  apiKeyCharsMin: 16,
  /** And so is a longer one. */
  apiKeyCharsMax: 256,
  /** API keys, 32 B and a description each, in control and in each shard: 1 MiB a thread. When an
   * RPC with a key begins, all of them are compared: 0.03 ms. */
  apiKeysMax: 1024,
  /** Identities of certificates. With their hunters they take at most what `configFileBytesMax` has
   * room for: 8 MiB a thread. */
  accessIdentitiesMax: 4096,
  /** Hunter ids that belong to one identity. */
  accessHuntersPerIdentityMax: 1024,
  /** Characters of a key's description, and of a name in a certificate. */
  accessNameCharsMax: 256,
  /** Wrong entries that are told. */
  accessProblemsMax: 20,
  /** Wrong API keys of one address (IPv6: of its /64). The next one is not looked at: it is
   * answered with RESOURCE_EXHAUSTED. */
  accessFailuresMax: 5,
  /** This time after the last wrong key the address has its attempts again. */
  accessFailureWindowMs: 60_000,
  /** Addresses whose wrong keys are remembered over all shards, 8 B each: 128 KiB. When its part of
   * the table is full, the address that failed longest ago is forgotten. */
  accessAddressesMax: 16_384,
  /** The clock of that table is set this often. */
  accessClockMs: 250,

  // --- detection ----------------------------------------------------------------------------------
  /** Conversations that one shard remembers, 100 bytes each: 7 MiB a shard, taken at the start. A
   * full table gives up conversations that were not used lately, and counts them. */
  conversationsMax: 65_536,
  /** Packets of one conversation that are shown to the detectors; after them it stays unlabelled. */
  conversationProbesMax: 12,
  /** Fragmented IP datagrams whose label one shard remembers for their later fragments; the oldest
   * is forgotten. */
  fragmentedDatagramsMax: 1024,
  /** Longest time between fragments of one datagram, by capture time (RFC 1122 section 3.3.2). */
  fragmentAgeSecondsMax: 60,

  // --- dissection ---------------------------------------------------------------------------------
  /** What is read of a SIP message's start line and headers; nothing is kept. */
  sipHeaderBytesMax: 16 * 1024,
  /** Of a longer header value the beginning is kept. */
  sipValueBytesMax: 1024,
  /** What is read of a SIP message's body. */
  sipBodyBytesMax: 16 * 1024,
  /** Media addresses that are taken from one body. */
  sipMediaMax: 16,
  /** One TLS hello with its record headers; of a longer one the beginning is read. */
  helloBytesMax: 16 * 1024,
  /** Hellos of several segments that one shard waits for the rest of: 4 MiB a shard with the
   * longest. The oldest is forgotten. */
  hellosMax: 256,
  /** Runs of segments of one hello that are kept behind missing ones, within `helloBytesMax`. */
  helloEarlyRunsMax: 4,
  /** A server name or a protocol name in a hello; of a longer one the beginning is kept. */
  tlsNameBytesMax: 255,
  /** Protocol names that are taken from one hello. */
  tlsAlpnMax: 16,
  /** What is read of an HTTP message's start line and headers; nothing is kept. */
  httpHeadBytesMax: 16 * 1024,
  /** Of a longer target or header value the beginning is kept. */
  httpValueBytesMax: 1024,
  /** A DNS name as RFC 1035 section 3.1 bounds it; a longer one is not told. */
  dnsNameBytesMax: 255,
  /** Pointers that are followed in one name; a name with more is not told. */
  dnsPointersMax: 32,
  /** Answers of one message that are told: 64 KiB of text with the longest. */
  dnsAnswersMax: 32,
  /** Records of one message that are looked at. */
  dnsRecordsMax: 256,
  /** Characters of one answer's data; of a longer one the beginning is kept. */
  dnsDataCharsMax: 1024,

  // --- enrichment ---------------------------------------------------------------------------------
  /** Bytes of one enriched batch; its further packets go without metadata of ours. With the largest
   * message the buffer, of which a shard has one, takes 128 MiB, and 64 MiB more while it grows. */
  enrichedBytesMax: 64 * 1024 * 1024,
  /** What is kept of that buffer from batch to batch. */
  enrichedBytesKept: 4 * 1024 * 1024,
  /** One packet with what its hunter says of it, as received. Of a longer one live views get bytes,
   * times and lengths, so that no message is longer than 4 MiB. */
  enrichedPacketBytesMax: 1024 * 1024,
  /** Directions of conversations whose addresses one shard keeps encoded, 0.3 KiB each. */
  baseMetadataMax: 4096,
  /** SIP messages that go on in a later TCP segment, per shard, at most 32 KiB each: 8 MiB. The
   * oldest is forgotten. */
  sipPartsMax: 256,
  /** A SIP message of more segments is told as far as it was read. */
  sipSegmentsMax: 8,
  /** Media addresses that SIP announced and one shard remembers, to know the call of an RTP packet.
   * Each has a Call-ID of up to `sipValueBytesMax`: 18 MiB. The one announced first is forgotten. */
  mediaAddressesMax: 8192,
  /** An announced address that no packet used for this long is forgotten. */
  mediaIdleMs: 300_000,

  // --- calls --------------------------------------------------------------------------------------
  /** Telephone calls that the node knows, with legs and the longest texts 87 MiB. The call silent
   * for longest is forgotten, and counted. */
  callsMax: 8192,
  /** Legs (Call-IDs) of all calls together; beyond it the call silent for longest is forgotten. */
  callLegsMax: 16_384,
  /** Legs of one call, and its pairs of tags; the leg silent for longest is forgotten, and counted. */
  legsPerCallMax: 8,
  /** Characters of a tag, Call-ID, user or URI; a longer one is cut. */
  callTextCharsMax: 256,
  /** SIP packets that one shard looks at for calls in a quarter of a second: 26 MiB a shard. The
   * others are recorded like all, and counted. */
  sipPacketsPerReportMax: 8192,
  /** SubscribeCorrelatedCalls RPCs; one more is answered with RESOURCE_EXHAUSTED, and a terminal UI
   * then gives up its whole connection. Each has a bit for each call: 1 MiB over all. */
  callSubscribersMax: 1024,
  /** A call that changes is told at most this often. */
  callUpdateMs: 1000,
  /** A call that does not change is told again after this time. */
  callRefreshMs: 30_000,
  /** Legs of one call with other tags, between the same numbers, begin within this time. */
  callJoinMs: 30_000,
  /** And not later than this after the call's end. */
  callJoinAfterEndMs: 1000,
  /** A call silent for this long is forgotten. */
  callForgetMs: 20 * 60_000,
  /** Such calls are looked for this often. */
  callPurgeMs: 60_000,

  // --- packet filter expressions ------------------------------------------------------------------
  /** A longer `bpf_filter` is refused. */
  expressionCharsMax: 16_384,
  /** Ids, tests and arithmetic operations of one expression. The largest expression takes 1.4 MiB
   * in a shard whose packets have every kind of link layer, 0.2 MiB with one kind; each subscriber
   * with an expression has its own. */
  expressionPartsMax: 1024,
  /** Tests and operations that one packet can need, where a list as in `port 80 or 443` is one
   * test: 5 us at the worst. */
  expressionTestsMax: 128,
  /** Parentheses, `not`, signs and indexes inside of each other, which bounds the parser's stack. */
  expressionDepthMax: 64,
  /** Characters of a refused token that the error shows. */
  expressionShownCharsMax: 40,

  // --- hunting (weir hunt) ------------------------------------------------------------------------
  /** Batches that are read and not yet acknowledged, encoded. While they fill this, the input is
   * not read. */
  huntUnackedBytesMax: 32 * 1024 * 1024,
  /** Of these, what is read from a file and not yet sent. A pipe may use all, so that its writer
   * loses nothing. */
  huntReadAheadBytesMax: 1024 * 1024,
  /** What a batch counts for beside its bytes: small ones cost more than they hold. */
  huntBatchOverheadBytes: 512,
  /** A batch is sent before it is longer: the default limit of receivers is 4 MiB. */
  huntBatchBytesMax: 3 * 1024 * 1024,
  /** Bytes given to the transport that it has not taken; one batch always may be. */
  huntWriteBytesMax: 1024 * 1024,
  /** One read of the input. */
  huntReadBytes: 256 * 1024,
  /** A longer pcapng block that is not a packet is skipped unread. */
  huntBlockBytesMax: 1024 * 1024,
  /** Packets a second that SLOW leaves at least. */
  huntSlowPacketsMin: 100,
  /** Time between two heartbeats. */
  huntHeartbeatMs: 5000,
  /** Time between two plain progress lines. */
  huntProgressMs: 5000,
  /** Deadline of a registration. */
  huntRegisterMsMax: 10_000,
  /** Time for the connection of the stream of packets and its TLS handshake. */
  dialMsMax: 20_000,
  /** Rejections of a batch by the processor after which the batch is set aside. */
  huntRejectionsMax: 2,
  /** Connections of the hunter whose own packets it leaves out of what a pipe gives. */
  huntOwnConnectionsMax: 8,
  /** Names of interfaces that the hunter counts and registers. */
  huntInterfaceNamesMax: 64,
  /** The same refusal of a stream is told again after this time. */
  huntRefusalTellMs: 60_000,
  /** Reasons for having no connection that are remembered, so that each is told once. */
  huntTroublesMax: 32,
  /** First delay before a new connection; delays are spread at random. */
  huntReconnectMsMin: 250,
  /** Longest delay. */
  huntReconnectMsMax: 30_000,
  /** An API key that was refused is not shown again before, unless its file has another: longer
   * than `accessFailureWindowMs`. */
  huntRefusedKeyMs: 61_000,
  /** After a connection that lasted this long, the next delay is the first one again. */
  huntGoodConnectionMs: 10_000,
  /** After a signal the hunter waits this long for acks. */
  huntStopMsMax: 5000,
  /** And then this long for the end of the stream. */
  huntCloseMsMax: 2000,

  // --- asking a node (weir list, show, set, rm) ---------------------------------------------------
  /** Deadline of one RPC. */
  clientRpcMsMax: 30_000,
  /** A longer answer is refused. One full of short filters, 600,000, takes 1.4 GB in the command. */
  clientMessageBytesMax: 64 * 1024 * 1024,
  /** A longer file of `set filter -f` or `rm filter -f` is refused. 100,000 filters as JSON, 16 MB,
   * take 0.3 GB. */
  clientFileBytesMax: 32 * 1024 * 1024,
  /** Problems of such a file that are told one by one. */
  clientProblemsMax: 20,
  /** A longer cell of a table is cut; the JSON has all of it. */
  clientCellCharsMax: 256,
  /** Time between two attempts to write while stdout is a full pipe. */
  clientWriteRetryMs: 20,

  // --- connecting to a node (hunt, list, show, set, rm) -------------------------------------------
  /** A longer file of an API key is refused. */
  apiKeyFileBytesMax: 4096,
  /** Characters of the names of a node's certificate that an error shows when none of them is the
   * one that was dialled. */
  dialNamesCharsMax: 160,

  // --- threads ------------------------------------------------------------------------------------
  /** Most of `--workers`. */
  shardsMax: 8,
  /** With `--listen :0`, free ports that are tried while other nodes start. */
  freePortAttemptsMax: 16,
  /** A shard whose event loop does not turn for this long is ended and started anew. */
  threadSilenceMsMax: 10_000,
  /** Threads show this often that their event loop turns. */
  heartbeatMs: 500,
  /** When an event loop did not turn for this long, that time counts for no deadline: the process was
   * stopped, or its machine. */
  frozenMsMin: 3000,
  /** At a stop, streams are quiet when nothing came for this long. */
  drainQuietMs: 200,
  /** After a stop signal, reading goes on for this long at most. The four parts of a stop take less
   * than 8 s together. */
  drainReadMsMax: 2000,
  /** Time that shards and recorder have together to write what is left. */
  drainRecorderMsMax: 4000,
  /** Time that connections have to close. */
  drainCloseMsMax: 1000,

  // --- telemetry ----------------------------------------------------------------------------------
  /** Log text that waits for stderr; above it lines are dropped and counted. */
  logBufferBytesMax: 1024 * 1024,
  /** One write to stderr. */
  logWriteBytesMax: 64 * 1024,
  /** A longer value of a field is cut: ids and names of clients get into it. */
  logValueCharsMax: 256,
  /** A longer message is cut. */
  logMessageCharsMax: 2048,
  /** Characters of the message that a summary of held-back lines quotes. */
  logSampleCharsMax: 120,
  /** Lines of one event within a window; the others become one line with their number. */
  logLinesPerWindowMax: 10,
  /** Length of that window. */
  logWindowMs: 10_000,
  /** Event names of one thread. They are literals of the source, so this is an assertion. */
  logEventsMax: 512,
  /** Longest wait at the end for a stderr that nobody reads. */
  logFlushMsMax: 500,
  /** Hunters that a stats report names one by one. */
  statsHuntersMax: 20,

  // --- HTTP/2 -------------------------------------------------------------------------------------
  /** Receive window of one stream at its beginning, told to the client in SETTINGS. It is what HTTP/2
   * begins with: less would fault clients that send before they have read SETTINGS. */
  streamWindowBytesMin: 64 * 1024,
  /** Receive window of one stream at its largest. It grows while its bytes are done with as fast as they
   * come. */
  streamWindowBytesMax: 16 * 1024 * 1024,
  /** What all receive windows of a shard have beyond `streamWindowBytesMin`. When it is used up,
   * windows stay as they are. */
  windowGrowthBytesMax: 16 * 1024 * 1024,
  /** Dynamic table of the header decoder of one connection: what HTTP/2 begins with. */
  headerTableBytes: 4096,
  /** One header block, compressed. A longer one ends its connection. */
  headerBlockBytesMax: 64 * 1024,
  /** Frames in which one header block may come. More end the connection. */
  headerFramesMax: 32,
  /** Streams of one connection that we ended before the client did, 8 B each: frames of them are
   * passed over. Frames of an older one reset it again. */
  cutStreamsMax: 1024,
  /** Answers to a client's frames, such as PING, that it has not read. More end the connection. */
  unreadControlBytesMax: 256 * 1024,
  /** A connection that was ended is given this long to close by itself. */
  socketGraceMs: 1000,
  /** Characters of a GOAWAY that a log line shows. */
  goawayTextBytesMax: 256,
  /** Streams that the client resets: at once, on one connection. More end it with
   * ENHANCE_YOUR_CALM. */
  resetsAtOnceMax: 1000,
  /** The same, each second after that. */
  resetsPerSecondMax: 200,
  /** Streams that have to be reset for what the client sends, or are refused: at once, on one
   * connection. More end it with ENHANCE_YOUR_CALM. */
  faultsAtOnceMax: 300,
  /** The same, each second after that. */
  faultsPerSecondMax: 20,
  /** Requests with more headers than `headerBytesMax`, which are read to their end: at once, on one
   * connection. More end it with ENHANCE_YOUR_CALM. */
  headerListsAtOnceMax: 20,
  /** The same, each second after that. */
  headerListsPerSecondMax: 5,
  /** PING frames; one more for each DATA frame that the client gets: at once, on one connection.
   * More end it with ENHANCE_YOUR_CALM. */
  pingsAtOnceMax: 1000,
  /** The same, each second after that. */
  pingsPerSecondMax: 200,
  /** SETTINGS and GOAWAY frames: at once, on one connection. More end it with ENHANCE_YOUR_CALM. */
  settingsAtOnceMax: 100,
  /** The same, each second after that. */
  settingsPerSecondMax: 10,
  /** DATA frames with less than five bytes that do not end their stream: at once, on one
   * connection. More end it with ENHANCE_YOUR_CALM. */
  emptyDataAtOnceMax: 1000,
  /** The same, each second after that. */
  emptyDataPerSecondMax: 50,
  /** WINDOW_UPDATE frames; three more for each DATA frame that the client gets, and one for each
   * `windowUpdateForBytes`: at once, on one connection. More end it with ENHANCE_YOUR_CALM. */
  windowUpdatesAtOnceMax: 10_000,
  /** The same, each second after that. */
  windowUpdatesPerSecondMax: 1000,
  /** Clients on Go's net/http give back the windows of a stream and of its connection in pieces of 4 KiB. */
  windowUpdateForBytes: 2048,
  /** PRIORITY frames; two more for each stream: at once, on one connection. More end it with
   * ENHANCE_YOUR_CALM. */
  prioritiesAtOnceMax: 1000,
  /** The same, each second after that. */
  prioritiesPerSecondMax: 50,
  /** Frames of types that HTTP/2 does not have: at once, on one connection. More end it with
   * ENHANCE_YOUR_CALM. */
  unknownFramesAtOnceMax: 1000,
  /** The same, each second after that. */
  unknownFramesPerSecondMax: 50,

  // --- configuration ------------------------------------------------------------------------------
  /** A longer configuration file, or file of keys and identities, is refused. */
  configFileBytesMax: 1024 * 1024,
  /** Characters of a wrong value that an error shows. */
  settingShownCharsMax: 80,
  /** Most of `--max-subscribers`. */
  subscribersMax: 4096,
  /** Most of `--subscriber-buffer`. */
  subscriberBufferBatchesMax: 10_000,
  /** Least of `--max-message-size`. */
  messageBytesMin: 64 * 1024,
  /** Least of `--rotate-size`. */
  rotateSizeBytesMin: 4096,
  /** Most of `--rotate-files`. */
  rotateFilesMax: 99_999,
  /** Least of `--rotate-interval`. */
  rotateIntervalMsMin: 1000,
  /** Least of `--stats-interval`. */
  statsIntervalMsMin: 100,
  /** Most of any setting that is a time: a year. */
  settingMsMax: 366 * 24 * 3600 * 1000,
  /** Most of any setting that is a size: a pebibyte. */
  settingBytesMax: 1024 ** 5,
  /** Most of `--batch-timeout`. */
  huntBatchTimeoutMsMax: 60_000,
  /** Most of `--batch-size`. */
  huntBatchPacketsMax: 65_536,
  /** Most of `--rate`. */
  huntRatePacketsMax: 100_000_000,
  /** Most of `--loop`. */
  huntLoopsMax: 1_000_000_000,
} as const;
