/**
 * Every ceiling of the node: queues, maps, streams, messages, timers.
 * docs/limits.md gives each with its worst-case memory; test/unit/config/limits.test.ts ties the two.
 */
export const limits = {
  // --- the wire -----------------------------------------------------------------------------------
  /** One gRPC message from a client, default of --max-message-size. A paused hunter resumes with one
   * huge batch. */
  messageBytesMax: 32 * 1024 * 1024,
  /** Packets in one batch: more than 32 MiB of smallest Ethernet frames can be. */
  batchPacketsMax: 524_288,
  /** One packet's bytes: what Wireshark accepts in a capture file. */
  packetBytesMax: 262_144,
  hunterIdBytesMax: 1024,
  interfaceNameBytesMax: 256,
  /** Nesting of unknown groups that the batch walker follows. */
  groupDepthMax: 32,

  // --- recording ----------------------------------------------------------------------------------
  /** Bytes offered to the recorder and not yet done, over all shards; each shard has a ring of its
   * share. */
  recordRingBytes: 32 * 1024 * 1024,
  /** Bytes that the recorder writes and commits as one group. */
  recordGroupBytesMax: 1024 * 1024,
  /** Longest time from a write to its fdatasync with --ack synced. */
  syncDelayMsMax: 10,
  /** (hunter, interface, link type) entries of one shard, and of one file section. */
  interfacesMax: 65_536,
  /** Capture files open at a time; more than one only for classic pcap with several link types. */
  captureFilesOpenMax: 32,
  /** Interface and section blocks that one group puts before its packets. */
  recordPrefixBytesMax: 1024 * 1024,
  /** Time between two attempts while a disk does not take what it is given. */
  recordRetryMs: 250,
  /** The recorder lets its thread's messages in at least this often. */
  recordYieldMs: 5,
  /** The last good offset goes to the side file after this much, and after this time. */
  sideFileEveryBytes: 64 * 1024 * 1024,
  sideFileEveryMs: 1000,
  /** A longer file of which no good offset is known is moved aside unscanned at start. */
  recoveryScanBytesMax: 1024 * 1024 * 1024,
  /** One block of a pcapng file that is to be continued; what Wireshark accepts. */
  captureBlockBytesMax: 16 * 1024 * 1024,

  // --- ingest -------------------------------------------------------------------------------------
  /** Link types that one shard takes; classic pcap has a file for each. */
  linkTypesMax: 64,
  /** Hunter ids that one shard remembers; the one longest silent is forgotten first. */
  huntersPerShardMax: 65_536,
  /** Hunters of one stream that control knows to be connected by it: a processor below carries many. */
  streamHuntersMax: 1024,
  /** The same over all streams of one shard. */
  streamingHuntersPerShardMax: 32_768,
  /** Packet streams over all shards. */
  streamsMax: 1024,
  /** Acks of one stream that wait for the disk; above it the stream is not read. */
  pendingAcksPerStreamMax: 16_384,
  /** The same over all streams of one shard, those of clients that left included. */
  pendingAcksMax: 131_072,
  /** Bytes of acks that a hunter has not read; above it its stream is not read. */
  unreadAckBytesMax: 256 * 1024,
  /** A message up to this size may be half received on any stream at any time. */
  smallMessageBytesMax: 128 * 1024,
  /** Half-received messages above that size, over all streams of all shards together; each reserves
   * its whole length before it is read on. Never less than one message a shard. */
  largeMessagesBytesMax: 96 * 1024 * 1024,
  /** A stream that stops in the middle of a message, or waits this long for room, is ended. */
  messageStallMsMax: 30_000,
  /** The same of one that has room for a large message while other clients wait for it. */
  messageGiveWayMs: 3000,
  /** What must come of a large message within that time. */
  messageProgressBytesMin: 256 * 1024,
  /** Share of the recorder's capacity at which the signal changes. */
  slowAbove: 0.7,
  pauseAbove: 0.9,
  resumeBelow: 0.3,
  /** Paused hunters that are resumed at once, and the time between two such groups. */
  resumesAtOnce: 8,
  resumeIntervalMs: 20,

  // --- the door -----------------------------------------------------------------------------------
  connectionsMax: 2048,
  /** Open files of the process that connections leave to the rest; half of them when there are few. */
  openFilesReserved: 160,
  streamsPerConnectionMax: 128,
  /** Of one client address (one /64 of IPv6), over all shards: half of the node. Many hunters may be
   * behind one address translation. */
  connectionsPerAddressMax: 1024,
  streamsPerAddressMax: 512,
  rpcsPerAddressMax: 2048,
  /** The same, of connections on which no call has begun: many handshakes at once. */
  newcomersPerAddressMax: 512,
  /** Places for the counts of addresses. */
  addressSlots: 4096,
  /** From the connection to the client's HTTP/2 settings, and to its first call. */
  greetingMsMax: 7000,
  firstRpcMsMax: 9000,
  /** Calls of one shard that wait for their beginning; above it the connection is closed of which most
   * wait. Calls begin for so long in one turn of the event loop, so that packet streams have theirs. */
  waitingRpcsMax: 4096,
  rpcTurnMsMax: 4,
  /**
   * HTTP/2 receive windows: the default of 64 KiB costs more than twice the time
   * (docs/decisions/0003-packet-streams-beside-grpc-js.md).
   */
  streamWindowBytes: 1024 * 1024,
  connectionWindowBytes: 2 * 1024 * 1024,
  headerBytesMax: 16 * 1024,
  /** From the connection to the end of the TLS handshake. */
  tlsHandshakeMsMax: 5000,
  /** Bytes received, and of answers sent, after which what they left behind is collected; and what a
   * connection that was closed counts for, and a call. */
  collectAfterBytes: 16 * 1024 * 1024,
  connectionGarbageBytes: 16 * 1024,
  rpcGarbageBytes: 8 * 1024,
  /** Of one connection, beside the data of its calls. */
  frameBytesPerSecondMax: 8 * 1024 * 1024,
  keepaliveIntervalMs: 30_000,
  keepaliveTimeoutMs: 20_000,
  /** Calls that one shard carries to control at a time, and unread messages of each direction. */
  tunnelRpcsMax: 4096,
  tunnelUnreadMessagesMax: 16,
  /** Bytes that control has not read, over all calls of one shard; a call that brings more is ended. */
  tunnelUnreadBytesMax: 32 * 1024 * 1024,
  /** Of one call, messages that wait for control to read those before them; more ends the call. */
  tunnelWaitingBytesMax: 64 * 1024,
  /** Answers that clients have not read, over all calls of one shard; above it the call is ended that
   * stands still for longest. */
  tunnelUnreadAnswerBytesMax: 16 * 1024 * 1024,
  /** Answers on their way from control to one shard, of which those from a certain size on count. */
  answersUnderWayBytesMax: 2 * 1024 * 1024,
  answerCountedBytesMin: 16 * 1024,
  /** A message of a call up to this size may be half received at any time; a larger one needs room. */
  tunnelSmallMessageBytesMax: 4096,
  /** A call is ended whose request does not come, or whose answers are not read, for so long. */
  tunnelStallMsMax: 30_000,
  /** A message of any RPC but the packet streams. */
  controlMessageBytesMax: 4 * 1024 * 1024,

  // --- followed files: filters, keys, certificates ------------------------------------------------
  /** They are looked at this often, whatever the system says about changes. */
  filePollMs: 200,
  /** A changed file is read once it stands still for this long. */
  fileSettleMs: 50,
  /** The same where it may be half of a change: it is empty or gone, or one of several. */
  filePartSettleMs: 250,
  /** And after this long even if it does not stand still. */
  fileSettleMsMax: 400,

  // --- certificates and keys ----------------------------------------------------------------------
  /** One file with certificates or a key, and certificates in one. */
  credentialFileBytesMax: 1024 * 1024,
  certificatesPerFileMax: 256,
  /** A certificate that ends within this time is told, and again after that. */
  certificateWarnMs: 30 * 86_400_000,
  certificateWarnEveryMs: 86_400_000,

  // --- live views ---------------------------------------------------------------------------------
  /** Share of a shard's time that live views may take, and how much of it may be saved up. */
  fanoutTimeShareMax: 0.29,
  fanoutSavedMsMax: 20,
  /** Time that laying batches out may take in advance; they wait in queues until there is time to write. */
  fanoutDebtMsMax: 5,
  /** How often it is looked how busy the thread is, and the most that one step is charged with. */
  fanoutSampleMs: 25,
  fanoutChargeMsMax: 2,
  /** Messages that are laid out together, in bytes and in batches. */
  fanoutBundleBytes: 512 * 1024,
  fanoutBundleBatchesMax: 16,
  /** Bundles that are being laid out, per shard: with many different views they are smaller, down to the
   * minimum, and above the ceiling they are handed over at once. */
  fanoutBundleBytesMin: 16 * 1024,
  fanoutOpenBytesMax: 32 * 1024 * 1024,
  /** Memory of bundles that nobody needs and that is kept for the next ones, per shard. */
  fanoutSpareBundlesMax: 64,
  /** Bundles that wait for live views, over all shards; above it the slowest one loses its queue. */
  fanoutQueuedBytesMax: 128 * 1024 * 1024,
  /** Longest wait of a bundle that is not full, while others were sent lately. */
  fanoutDelayMs: 5,
  fanoutSweepMs: 1000,
  /** Bytes that wait for one live view, and no more than `--subscriber-buffer` batches: 100 of full-size
   * packets are 10 MiB, and one of a hunter that resumes is as long as a message may be. */
  subscriberQueueBytesMax: 40 * 1024 * 1024,
  /** Bundles that the transports of a shard's live views have not taken yet, one each: with many views
   * bundles are smaller. */
  fanoutUnreadBytesMax: 64 * 1024 * 1024,
  /** One message for a live view: existing clients take 4 MiB. */
  subscriberMessageBytesMax: 4 * 1024 * 1024 - 4096,
  /** After so long without a batch an empty one is sent. */
  subscriberIdleMs: 30_000,
  /** The request of a live view, its name, and the hunters that it may name. */
  subscribeRequestBytesMax: 256 * 1024,
  clientIdBytesMax: 256,
  selectionHuntersMax: 4096,
  /** Bytes on their way from one shard to another. */
  meshCreditBytes: 4 * 1024 * 1024,

  // --- the roster ---------------------------------------------------------------------------------
  rosterHuntersMax: 65_536,
  /** Texts of one registration: host name, version and interfaces. */
  registrationBytesMax: 64 * 1024,
  hunterStaleMs: 30_000,
  hunterForgetMs: 300_000,
  /** Time between two looks for hunters that have fallen silent. */
  hunterSweepMs: 2000,
  /** Time between two clean-ups of those silent for long. */
  hunterPurgeMs: 120_000,
  /** Changes of a hunter's counters are told to listeners at most this often. */
  hunterChangedMs: 1000,
  /** Hunters of one heartbeat stream that it keeps from being forgotten. */
  heartbeatHuntersMax: 16,

  // --- status, topology and monitoring ------------------------------------------------------------
  /** Hunters, or subscribers, of one answer, encoded: existing clients take messages of 4 MiB. */
  statusBytesMax: 3 * 1024 * 1024,
  /** Changes that wait for one SubscribeTopology stream; when full, new ones are left out. */
  topologyUpdatesMax: 100,
  /** Hunters with changes that wait for one monitoring stream; more become one snapshot. */
  monitoringUpdatesMax: 256,
  /** Live views of which control knows, and hunter ids of one that it shows. */
  subscriberReportsMax: 4096,
  subscriberHuntersShownMax: 16,

  // --- filters ------------------------------------------------------------------------------------
  filtersMax: 100_000,
  filterIdBytesMax: 256,
  filterPatternBytesMax: 16 * 1024,
  filterDescriptionBytesMax: 4096,
  /** Hunters that one filter names. */
  filterTargetsMax: 256,
  filterFileBytesMax: 32 * 1024 * 1024,
  /** Of a filter file: parsed in one go, and how long one that is no plain list of entries may be. */
  filterParseCharsMax: 16 * 1024,
  filterWholeCharsMax: 256 * 1024,
  /** Problems of a filter file that are told, and as many doubts. */
  filterRemarksMax: 20,
  /** Attempts to write a change while others keep changing the file. */
  filterWriteAttemptsMax: 20,
  /** Filters in the answer to a registration; hunters get the others when they subscribe. */
  registrationFiltersBytesMax: 3 * 1024 * 1024,
  /** (subscription, filter) pairs that wait to be sent. */
  filterUpdatesWaitingMax: 4_194_304,
  /** A hunter that takes no update for this long is told to connect anew. */
  filterStuckMs: 30_000,
  filterSweepMs: 1000,

  // --- who may call -------------------------------------------------------------------------------
  /** Length of an API key. */
  apiKeyCharsMin: 16,
  apiKeyCharsMax: 256,
  apiKeysMax: 1024,
  accessIdentitiesMax: 4096,
  /** Hunters that belong to one identity. */
  accessHuntersPerIdentityMax: 1024,
  /** Descriptions of keys, and names of certificates. */
  accessNameCharsMax: 256,
  /** Problems of the entries that are told. */
  accessProblemsMax: 20,
  /** Wrong API keys of one address within the window; after them none is looked at. */
  accessFailuresMax: 5,
  accessFailureWindowMs: 60_000,
  /** Addresses whose failures are remembered, over all shards. */
  accessAddressesMax: 16_384,
  /** How often shards are told the time that failures are dated with. */
  accessClockMs: 250,

  // --- detection ----------------------------------------------------------------------------------
  /** Conversations that one shard remembers. */
  conversationsMax: 65_536,
  /** Packets of one conversation that are shown to the detectors before it stays unlabelled. */
  conversationProbesMax: 12,
  /** Fragmented IP datagrams whose label one shard remembers for their later fragments. */
  fragmentedDatagramsMax: 1024,
  /** Longest time between fragments of one datagram, by capture time (RFC 1122 section 3.3.2). */
  fragmentAgeSecondsMax: 60,

  // --- dissection ---------------------------------------------------------------------------------
  /** Start line and headers of a SIP message: what is read of it. */
  sipHeaderBytesMax: 16 * 1024,
  /** One header's value; of a longer one the beginning is kept. */
  sipValueBytesMax: 1024,
  /** What is read of a SIP message's body. */
  sipBodyBytesMax: 16 * 1024,
  /** Media addresses of one body. */
  sipMediaMax: 16,
  /** One TLS hello with its record headers; of a longer one the beginning is read. */
  helloBytesMax: 16 * 1024,
  /** Hellos of several segments that one shard waits for the rest of. */
  hellosMax: 256,
  /** Segments of one hello that are kept when one before them is missing. */
  helloSegmentsMax: 4,
  /** A server name or protocol name in a hello, and protocol names in one. */
  tlsNameBytesMax: 255,
  tlsAlpnMax: 16,
  /** Start line and headers of an HTTP message: what is read of it. */
  httpHeadBytesMax: 16 * 1024,
  /** Its target, and one header's value; of a longer one the beginning is kept. */
  httpValueBytesMax: 1024,
  /** A DNS name as RFC 1035 section 3.1 bounds it; a longer one is given as "". */
  dnsNameBytesMax: 255,
  /** Pointers that are followed in one name. */
  dnsPointersMax: 32,
  /** Answers of one message that are told. */
  dnsAnswersMax: 32,
  /** Records of one message that are looked at. */
  dnsRecordsMax: 256,
  /** Characters of an answer's data; of a longer one the beginning is kept. */
  dnsDataCharsMax: 1024,

  // --- enrichment ---------------------------------------------------------------------------------
  /** Of one enriched batch; beyond it packets go without metadata of ours. */
  enrichedBytesMax: 64 * 1024 * 1024,
  /** Of its buffer, what is kept from batch to batch. */
  enrichedBytesKept: 4 * 1024 * 1024,
  /** Of one packet with what its hunter says of it, as received; of a longer one the bytes are sent. */
  enrichedPacketBytesMax: 1024 * 1024,
  /** Conversations whose addresses one shard keeps encoded. */
  baseMetadataMax: 4096,
  /** SIP messages of several TCP segments that one shard waits for the rest of, and segments of one. */
  sipPartsMax: 256,
  sipSegmentsMax: 8,
  /** Media addresses that SIP announced and one shard remembers, to know an RTP packet's call. */
  mediaAddressesMax: 8192,
  /** One that no packet used for this long is forgotten. */
  mediaIdleMs: 300_000,

  // --- calls --------------------------------------------------------------------------------------
  /** Calls that the node knows; the longest silent is forgotten first. */
  callsMax: 8192,
  /** Legs (Call-IDs) of all of them together: two a call. */
  callLegsMax: 16_384,
  /** Legs of one call, and tag pairs; the longest silent leg is forgotten first. */
  legsPerCallMax: 8,
  /** Characters of a tag, Call-ID, user or URI that are kept. */
  callTextCharsMax: 256,
  /** SIP packets that one shard looks at for calls in a quarter of a second. */
  sipPacketsPerReportMax: 8192,
  /** Clients that are told of calls: a terminal UI that is refused gives its whole connection up. */
  callSubscribersMax: 1024,
  /** A call is told at most once in this time, and each again after that. */
  callUpdateMs: 1000,
  callRefreshMs: 30_000,
  /** Legs of one call begin within this time, and not later than this after its end. */
  callJoinMs: 30_000,
  callJoinAfterEndMs: 1000,
  /** Calls silent for so long are forgotten, looked for so often. */
  callForgetMs: 20 * 60_000,
  callPurgeMs: 60_000,

  // --- packet filter expressions ------------------------------------------------------------------
  /** Characters of one expression. */
  expressionCharsMax: 16_384,
  /** Ids, tests and arithmetic operations that are read. */
  expressionPartsMax: 1024,
  /** Tests and operations of one packet, where a list of addresses or ports is one. */
  expressionTestsMax: 128,
  /** Parentheses, signs and the like inside of each other: bounds the parser's stack. */
  expressionDepthMax: 64,
  /** Characters of a refused token that an error shows. */
  expressionShownCharsMax: 40,

  // --- hunting (weir hunt) ------------------------------------------------------------------------
  /** Batches read and not yet acknowledged, encoded; when full, the input is not read. */
  huntUnackedBytesMax: 32 * 1024 * 1024,
  /** Of these, read from a file and not yet sent. A pipe may use all, so that its writer loses nothing. */
  huntReadAheadBytesMax: 1024 * 1024,
  /** What a batch counts for beside its bytes: small ones cost more than they hold. */
  huntBatchOverheadBytes: 512,
  /** A batch of more bytes is sent before it has its packets: receivers' default limit is 4 MiB. */
  huntBatchBytesMax: 3 * 1024 * 1024,
  /** Bytes given to the transport and not yet taken by it; one batch is always allowed. */
  huntWriteBytesMax: 1024 * 1024,
  /** One read of the input. */
  huntReadBytes: 256 * 1024,
  /** One block of a pcapng file that is not a packet; longer ones are skipped unread. */
  huntBlockBytesMax: 1024 * 1024,
  /** Packets a second that SLOW leaves at least. */
  huntSlowPacketsMin: 100,
  huntHeartbeatMs: 5000,
  huntProgressMs: 5000,
  huntRegisterMsMax: 10_000,
  /** Reasons why there is no connection that are remembered, so that each is told once. */
  huntTroublesMax: 32,
  huntReconnectMsMin: 250,
  huntReconnectMsMax: 30_000,
  /** An API key that was refused is not shown again before: longer than `accessFailureWindowMs`. */
  huntRefusedKeyMs: 61_000,
  /** A connection that lasted this long counts as good: the next delay is short again. */
  huntGoodConnectionMs: 10_000,
  /** After a signal: wait for acknowledgements. After the last of them: for the stream's end. */
  huntStopMsMax: 5000,
  huntCloseMsMax: 2000,

  // --- asking a node (weir list, show, set, rm) ---------------------------------------------------
  clientRpcMsMax: 30_000,
  /** One answer. */
  clientMessageBytesMax: 64 * 1024 * 1024,
  /** A file of `set filter -f` or `rm filter -f`. */
  clientFileBytesMax: 32 * 1024 * 1024,
  /** Problems of such a file that are told one by one. */
  clientProblemsMax: 20,
  /** Characters of one cell of a table; the JSON has all of them. */
  clientCellCharsMax: 256,
  /** Time between two attempts while whoever reads stdout does not take more. */
  clientWriteRetryMs: 20,

  // --- connecting to a node (hunt, list, show, set, rm) -------------------------------------------
  apiKeyFileBytesMax: 4096,
  /** Of a node's certificate, the names that an error shows. */
  dialNamesCharsMax: 160,

  // --- threads ------------------------------------------------------------------------------------
  shardsMax: 8,
  /** With `--listen :0`: free ports that are tried when other nodes start at the same moment. */
  freePortAttemptsMax: 16,
  /** A thread whose event loop does not turn for this long is ended and started anew (shards). */
  threadSilenceMsMax: 10_000,
  heartbeatMs: 500,
  /** The parts of a stop; together under 8 s. */
  drainQuietMs: 200,
  drainReadMsMax: 2000,
  drainRecorderMsMax: 4000,
  drainCloseMsMax: 1000,

  // --- telemetry ----------------------------------------------------------------------------------
  /** Log text that waits for stderr; above it lines are dropped and counted. */
  logBufferBytesMax: 1024 * 1024,
  /** One write to stderr. */
  logWriteBytesMax: 64 * 1024,
  /** Characters of a field's value, and of a message; clients' ids and names get into both. */
  logValueCharsMax: 256,
  logMessageCharsMax: 2048,
  /** Of the message that a summary of held-back lines quotes. */
  logSampleCharsMax: 120,
  /** Lines of one event within `logWindowMs`; the rest is counted and told in one line. */
  logLinesPerWindowMax: 10,
  logWindowMs: 10_000,
  /** Event names of one thread: they are literals of the source, so this is an assertion. */
  logEventsMax: 512,
  /** Longest wait at exit for a stderr that nobody reads. */
  logFlushMsMax: 500,
  /** Hunters that a stats report names one by one. */
  statsHuntersMax: 20,

  // --- configuration ------------------------------------------------------------------------------
  configFileBytesMax: 1024 * 1024,
  /** Characters of a refused value that an error shows. */
  settingShownCharsMax: 80,
  /** Ranges of settings; a setting without one here has it beside the thing it limits. */
  subscribersMax: 4096,
  subscriberBufferBatchesMax: 10_000,
  messageBytesMin: 64 * 1024,
  rotateSizeBytesMin: 4096,
  rotateFilesMax: 99_999,
  rotateIntervalMsMin: 1000,
  statsIntervalMsMin: 100,
  /** A setting that is a time: a year. */
  settingMsMax: 366 * 24 * 3600 * 1000,
  /** A setting that is a size: a pebibyte. */
  settingBytesMax: 1024 ** 5,
  huntBatchTimeoutMsMax: 60_000,
  huntBatchPacketsMax: 65_536,
  huntRatePacketsMax: 100_000_000,
  huntLoopsMax: 1_000_000_000,
} as const;
