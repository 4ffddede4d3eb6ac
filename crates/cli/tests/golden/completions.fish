# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_dynaseal_global_optspecs
    string join \n q/quiet v/verbose color= h/help V/version
end

function __fish_dynaseal_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_dynaseal_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_dynaseal_using_subcommand
    set -l cmd (__fish_dynaseal_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c dynaseal -n "__fish_dynaseal_needs_command" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_needs_command" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -s V -l version -d 'Print version'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "demo" -d 'A guided tour on an embedded database: no account, no server'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "init" -d 'Writes a table.toml after a table that is there, or after a sample of its items, and makes its key'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "keygen" -d 'Makes a key, or a pair of keys, in a file for its owner alone'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "config" -d 'The configuration of a table'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "seal" -d 'Plain items to sealed items'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "open" -d 'Sealed items to plain items. The good ones come out even if others are refused'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "explain" -d 'Queries and scans as DynamoDB will see them, beacons in the place of values. Nothing is sent'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "beacons" -d 'Beacons, by which encrypted attributes can be searched: how long they should be, and those of items'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "inspect" -d 'What a sealed item shows to everybody: needs no key'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "attribute" -d 'Sealed attributes: single values that carry their own protection, in items that are otherwise plain'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "get" -d 'Items of a table by their keys, opened'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "put" -d 'Seals items and writes them to a table'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "update" -d 'Changes items of a table, whatever is sealed of them: SET, REMOVE, ADD and DELETE'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "delete" -d 'Deletes items of a table by their keys'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "query" -d 'The items of a table with a partition key, opened. The good ones come out even if others are refused'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "scan" -d 'All items of a table, opened. The good ones come out even if others are refused'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "migrate" -d 'Brings a table over: plaintext and older formats to sealed items, sealed items to other keys or another configuration. While others write it, as often as you like, on as many machines as you like'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "verify" -d 'Whether every item of a table, an export or a stream is sealed as it should be'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "table" -d 'Tables: makes one after its table.toml, with the indexes of its beacons; lists, describes and deletes them'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "keystore" -d 'The branch key store: its table, its branch keys and their versions. Never prints a key'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "keyring" -d 'The keyring of a table'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "completions" -d 'What a shell needs to complete commands and options'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "man" -d 'The manual as man pages, one for each command'
complete -c dynaseal -n "__fish_dynaseal_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand demo" -l db -d 'Keep the database in this file, and its configuration with the key beside it in FILE.toml' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand demo" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand demo" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand demo" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand demo" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand init" -l table -d 'The table\'s name in DynamoDB, which becomes the logical name as well' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand init" -l db -d 'An embedded database instead of DynamoDB' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand init" -l endpoint-url -d 'Another address of DynamoDB than the usual one, AWS_ENDPOINT_URL_DYNAMODB or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand init" -l region -d 'The AWS region instead of AWS_REGION or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand init" -l profile -d 'The AWS profile instead of AWS_PROFILE' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand init" -l sample -d 'A file with plain items, as they would be put; `-` is standard input' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand init" -l partition-key -d 'The partition key of the items in --sample' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand init" -l sort-key -d 'The sort key of the items in --sample' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand init" -l items -d 'How many items of the table are looked at' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand init" -s o -l output -d 'The file to write' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand init" -l key-file -d 'The file for the new key, looked for from the folder of the other, and named in it so; that with `.key` at its end if it is not given' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand init" -l kms-key-id -d 'A key of AWS KMS that seals, instead of a new key in a file' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand init" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand init" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand init" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand init" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keygen" -s o -l output -d 'The file to write' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keygen" -l namespace -d 'The namespace of the key in table.toml' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keygen" -l name -d 'The name of the key in table.toml; that of the file if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keygen" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keygen" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keygen" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keygen" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand config; and not __fish_seen_subcommand_from check help" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand config; and not __fish_seen_subcommand_from check help" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand config; and not __fish_seen_subcommand_from check help" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand config; and not __fish_seen_subcommand_from check help" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand config; and not __fish_seen_subcommand_from check help" -f -a "check" -d 'Read table.toml and its keys, and compare it with the table'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand config; and not __fish_seen_subcommand_from check help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand config; and __fish_seen_subcommand_from check" -s c -l config -d 'The table\'s configuration' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand config; and __fish_seen_subcommand_from check" -l table -d 'The table\'s name in DynamoDB; the configuration\'s logical_table_name if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand config; and __fish_seen_subcommand_from check" -l db -d 'An embedded database instead of DynamoDB' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand config; and __fish_seen_subcommand_from check" -l endpoint-url -d 'Another address of DynamoDB than the usual one, AWS_ENDPOINT_URL_DYNAMODB or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand config; and __fish_seen_subcommand_from check" -l region -d 'The AWS region instead of AWS_REGION or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand config; and __fish_seen_subcommand_from check" -l profile -d 'The AWS profile instead of AWS_PROFILE' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand config; and __fish_seen_subcommand_from check" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand config; and __fish_seen_subcommand_from check" -l offline -d 'Read the file and its keys, and do not ask the table'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand config; and __fish_seen_subcommand_from check" -l json -d 'The outcome as a JSON object'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand config; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand config; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "check" -d 'Read table.toml and its keys, and compare it with the table'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand seal" -s c -l config -d 'The table\'s configuration' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand seal" -s o -l output -d 'Write to this file instead of standard output. It is replaced when all is done, and stays as it was if nothing could be done, or not all of it' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand seal" -l threads -d 'How many threads seal items; as many as there are processors if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand seal" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand seal" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand seal" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand seal" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand open" -s c -l config -d 'The table\'s configuration' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand open" -l input -d 'What is read' -r -f -a "auto\t'Each by its shape: no document is of two forms'
items\t'Items: {"pk":{"S":"a"}}'
export\t'Lines of an export to S3, full, {"Item":{…}}, or incremental, {"Metadata":{…},"Keys":{…},"NewImage":{…}}'
stream\t'Records of DynamoDB Streams or Kinesis, {"eventName":…,"dynamodb":{…}}, or several, {"Records":[…]}'"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand open" -l threads -d 'How many threads open items; as many as there are processors if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand open" -s o -l output -d 'Write to this file instead of standard output. It is replaced when all is done, and stays as it was if nothing could be done, or not all of it' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand open" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand open" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand open" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand open" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand explain" -s c -l config -d 'The table\'s configuration. The keys of its keyring are not read' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand explain" -s o -l output -d 'Write to this file instead of standard output. It is replaced when all is done, and stays as it was if nothing could be done, or not all of it' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand explain" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand explain" -l all-partitions -d 'Where it takes several queries to see all partitions, print them all, one a line. Without it, such a query has to say with :aws_dbe_partition which one it is'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand explain" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand explain" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand explain" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and not __fish_seen_subcommand_from plan show help" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and not __fish_seen_subcommand_from plan show help" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and not __fish_seen_subcommand_from plan show help" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and not __fish_seen_subcommand_from plan show help" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and not __fish_seen_subcommand_from plan show help" -f -a "plan" -d 'How long beacons should be, from a sample of items'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and not __fish_seen_subcommand_from plan show help" -f -a "show" -d 'Plain items to the attributes that search adds to them when they are sealed. The keys of the keyring are not read'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and not __fish_seen_subcommand_from plan show help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from plan" -l attribute -d 'An attribute to plan a beacon of; may be given several times. If it is not given: what --config encrypts, or else every attribute but the keys of --table' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from plan" -s c -l config -d 'The table\'s configuration: says what is encrypted, and opens sealed items. Plain items need none, and none of its keys' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from plan" -l table -d 'Scan this table of DynamoDB instead of reading files' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from plan" -l db -d 'An embedded database instead of DynamoDB' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from plan" -l endpoint-url -d 'Another address of DynamoDB than the usual one, AWS_ENDPOINT_URL_DYNAMODB or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from plan" -l region -d 'The AWS region instead of AWS_REGION or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from plan" -l profile -d 'The AWS profile instead of AWS_PROFILE' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from plan" -l sample -d 'Stop after so many items, refused ones among them' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from plan" -l svg -d 'Write a plot of the plans to this file, as SVG' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from plan" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from plan" -l json -d 'One JSON object an attribute'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from plan" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from plan" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from show" -l partition -d 'The partition that the items are in; if it is not given, one is chosen at random, as it is when items are written' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from show" -s c -l config -d 'The table\'s configuration' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from show" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from help" -f -a "plan" -d 'How long beacons should be, from a sample of items'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from help" -f -a "show" -d 'Plain items to the attributes that search adds to them when they are sealed. The keys of the keyring are not read'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand beacons; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand inspect" -s c -l config -d 'The table\'s configuration, to tell unsigned attributes from signed ones. Its keys are not read' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand inspect" -s o -l output -d 'Write to this file instead of standard output. It is replaced when all is done, and stays as it was if nothing could be done, or not all of it' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand inspect" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand inspect" -l json -d 'One JSON object an item'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand inspect" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand inspect" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand inspect" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and not __fish_seen_subcommand_from seal open inspect recipe help" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and not __fish_seen_subcommand_from seal open inspect recipe help" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and not __fish_seen_subcommand_from seal open inspect recipe help" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and not __fish_seen_subcommand_from seal open inspect recipe help" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and not __fish_seen_subcommand_from seal open inspect recipe help" -f -a "seal" -d 'Plain values to sealed values'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and not __fish_seen_subcommand_from seal open inspect recipe help" -f -a "open" -d 'Sealed values to plain values. The good ones come out even if others are refused'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and not __fish_seen_subcommand_from seal open inspect recipe help" -f -a "inspect" -d 'What sealed values of the format dynaseal show to everybody: needs no key'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and not __fish_seen_subcommand_from seal open inspect recipe help" -f -a "recipe" -d 'A new recipe that makes a root key of a passphrase. It is not secret, and without it the passphrase opens nothing'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and not __fish_seen_subcommand_from seal open inspect recipe help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from seal" -l format -d 'The format of stored values. That of Python\'s pynamodb_mate does not protect from changes' -r -f -a "dynaseal\t''
pynamodb-mate\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from seal" -l mode -d 'Whether equal values are stored as equal bytes, or each differently' -r -f -a "deterministic\t''
randomised\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from seal" -l table -d 'The logical name of the table' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from seal" -l attribute -d 'The name of the attribute' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from seal" -l root -d 'A root key of 32 bytes in an environment variable or a file, as hexadecimal text or Base64: ID=env:NAME or ID=file:PATH; may be given several times. The first one seals, and each opens what it sealed' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from seal" -l passphrase-root -d 'A root key from the passphrase in an environment variable: ID=env:NAME. It seals if there is no --root' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from seal" -l recipe -d 'How the passphrase becomes a key: what `dynaseal attribute recipe` printed. In quotes, for it has dollar signs' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from seal" -l partition-key -d 'The partition key of the item that randomised values are in, its value as DynamoDB JSON: id={"S":"a"}' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from seal" -l sort-key -d 'The sort key of that item, if the table has one' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from seal" -l type -d 'What the attribute holds: its class in the Python model' -r -f -a "text\t''
binary\t''
number\t''
json\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from seal" -l passphrase-env -d 'The environment variable with the passphrase, the model\'s encryption_key' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from seal" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from seal" -l danger-insecure -d 'Seal in the format pynamodb-mate although it is insecure: whoever can write to the table can change values without being noticed. Only for tables that Python programs still read'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from seal" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from seal" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from seal" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from open" -l format -d 'The format of stored values. That of Python\'s pynamodb_mate does not protect from changes' -r -f -a "dynaseal\t''
pynamodb-mate\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from open" -l mode -d 'Whether equal values are stored as equal bytes, or each differently' -r -f -a "deterministic\t''
randomised\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from open" -l table -d 'The logical name of the table' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from open" -l attribute -d 'The name of the attribute' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from open" -l root -d 'A root key of 32 bytes in an environment variable or a file, as hexadecimal text or Base64: ID=env:NAME or ID=file:PATH; may be given several times. The first one seals, and each opens what it sealed' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from open" -l passphrase-root -d 'A root key from the passphrase in an environment variable: ID=env:NAME. It seals if there is no --root' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from open" -l recipe -d 'How the passphrase becomes a key: what `dynaseal attribute recipe` printed. In quotes, for it has dollar signs' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from open" -l partition-key -d 'The partition key of the item that randomised values are in, its value as DynamoDB JSON: id={"S":"a"}' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from open" -l sort-key -d 'The sort key of that item, if the table has one' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from open" -l type -d 'What the attribute holds: its class in the Python model' -r -f -a "text\t''
binary\t''
number\t''
json\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from open" -l passphrase-env -d 'The environment variable with the passphrase, the model\'s encryption_key' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from open" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from open" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from open" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from open" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from inspect" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from inspect" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from inspect" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from recipe" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from recipe" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from recipe" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from recipe" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from help" -f -a "seal" -d 'Plain values to sealed values'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from help" -f -a "open" -d 'Sealed values to plain values. The good ones come out even if others are refused'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from help" -f -a "inspect" -d 'What sealed values of the format dynaseal show to everybody: needs no key'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from help" -f -a "recipe" -d 'A new recipe that makes a root key of a passphrase. It is not secret, and without it the passphrase opens nothing'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand attribute; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand get" -l keys -d 'A file with keys, one a line or a JSON array; `-` is standard input' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand get" -s c -l config -d 'The table\'s configuration' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand get" -l table -d 'The table\'s name in DynamoDB; the configuration\'s logical_table_name if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand get" -l db -d 'An embedded database instead of DynamoDB' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand get" -l endpoint-url -d 'Another address of DynamoDB than the usual one, AWS_ENDPOINT_URL_DYNAMODB or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand get" -l region -d 'The AWS region instead of AWS_REGION or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand get" -l profile -d 'The AWS profile instead of AWS_PROFILE' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand get" -l projection -d 'Which attributes come out, as a ProjectionExpression. The whole item is fetched and verified all the same' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand get" -l names -d 'Placeholders of names: {"#n":"name"}, or @FILE with that in it' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand get" -s o -l output -d 'Write to this file instead of standard output. It is replaced when all is done, and stays as it was if nothing could be done, or not all of it' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand get" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand get" -l consistent -d 'Strongly consistent reads'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand get" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand get" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand get" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand put" -s c -l config -d 'The table\'s configuration' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand put" -l table -d 'The table\'s name in DynamoDB; the configuration\'s logical_table_name if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand put" -l db -d 'An embedded database instead of DynamoDB' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand put" -l endpoint-url -d 'Another address of DynamoDB than the usual one, AWS_ENDPOINT_URL_DYNAMODB or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand put" -l region -d 'The AWS region instead of AWS_REGION or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand put" -l profile -d 'The AWS profile instead of AWS_PROFILE' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand put" -l condition -d 'A ConditionExpression that each item has to meet: attribute_not_exists(pk). Then every item is a request of its own' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand put" -l names -d 'Placeholders of names in the condition: {"#n":"name"}, or @FILE with that in it' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand put" -l values -d 'Placeholders of values in the condition as DynamoDB JSON: {":v":{"S":"x"}}, or @FILE with that in it' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand put" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand put" -l json -d 'How many items were written as a JSON object'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand put" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand put" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand put" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand update" -l keys -d 'A file with keys, one a line or a JSON array; `-` is standard input' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand update" -s c -l config -d 'The table\'s configuration' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand update" -l table -d 'The table\'s name in DynamoDB; the configuration\'s logical_table_name if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand update" -l db -d 'An embedded database instead of DynamoDB' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand update" -l endpoint-url -d 'Another address of DynamoDB than the usual one, AWS_ENDPOINT_URL_DYNAMODB or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand update" -l region -d 'The AWS region instead of AWS_REGION or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand update" -l profile -d 'The AWS profile instead of AWS_PROFILE' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand update" -l expression -d 'What to do, as an UpdateExpression: SET, REMOVE, ADD and DELETE' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand update" -l condition -d 'A ConditionExpression that each item has to meet' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand update" -l names -d 'Placeholders of names: {"#n":"name"}, or @FILE with that in it' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand update" -l values -d 'Placeholders of values as DynamoDB JSON: {":v":{"S":"x"}}, or @FILE with that in it' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand update" -l return -d 'Print each item that is changed, opened, as it was or as it is now' -r -f -a "old\t'As they were'
new\t'As they are now'"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand update" -l attempts -d 'How often to begin again when others change an item at the same time' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand update" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand update" -l create -d 'Make an item that is not there, of its key and of what the expression sets'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand update" -l json -d 'How many items are changed as a JSON object'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand update" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand update" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand delete" -l keys -d 'A file with keys, one a line or a JSON array; `-` is standard input' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand delete" -s c -l config -d 'The table\'s configuration' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand delete" -l table -d 'The table\'s name in DynamoDB; the configuration\'s logical_table_name if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand delete" -l db -d 'An embedded database instead of DynamoDB' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand delete" -l endpoint-url -d 'Another address of DynamoDB than the usual one, AWS_ENDPOINT_URL_DYNAMODB or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand delete" -l region -d 'The AWS region instead of AWS_REGION or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand delete" -l profile -d 'The AWS profile instead of AWS_PROFILE' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand delete" -l condition -d 'A ConditionExpression that each item has to meet' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand delete" -l names -d 'Placeholders of names: {"#n":"name"}, or @FILE with that in it' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand delete" -l values -d 'Placeholders of values as DynamoDB JSON: {":v":{"S":"x"}}, or @FILE with that in it' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand delete" -l return -d 'Print each item that is deleted, opened, as it was' -r -f -a "old\t'As they were'"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand delete" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand delete" -l json -d 'How many items are deleted as a JSON object'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand delete" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand delete" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand query" -l key-condition -d 'Which items, as a KeyConditionExpression: pk = :pk. With the index of a beacon, the attribute that it is made from: name = :name' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand query" -s c -l config -d 'The table\'s configuration' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand query" -l table -d 'The table\'s name in DynamoDB; the configuration\'s logical_table_name if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand query" -l db -d 'An embedded database instead of DynamoDB' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand query" -l endpoint-url -d 'Another address of DynamoDB than the usual one, AWS_ENDPOINT_URL_DYNAMODB or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand query" -l region -d 'The AWS region instead of AWS_REGION or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand query" -l profile -d 'The AWS profile instead of AWS_PROFILE' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand query" -l index -d 'The index to read instead of the table. It has to project whole items, else they can not be verified' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand query" -l filter -d 'Which items come out, as a FilterExpression. DynamoDB evaluates it, so of encrypted attributes it can only look at those with a beacon' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand query" -l projection -d 'Which attributes come out, as a ProjectionExpression. Whole items are fetched and verified all the same' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand query" -l names -d 'Placeholders of names: {"#n":"name"}, or @FILE with that in it' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand query" -l values -d 'Placeholders of values as DynamoDB JSON: {":v":{"S":"x"}}, or @FILE with that in it' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand query" -l limit -d 'Stop after so many items, refused ones among them' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand query" -s o -l output -d 'Write to this file instead of standard output. It is replaced when all is done, and stays as it was if nothing could be done, or not all of it' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand query" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand query" -l reverse -d 'In descending order of the sort key'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand query" -l consistent -d 'Strongly consistent reads'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand query" -l count -d 'Only how many items there are, on DynamoDB\'s word: none is fetched or verified, unless it takes that to tell them from others with equal beacons'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand query" -l json -d 'The count as a JSON object; items are JSON anyway'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand query" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand query" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand query" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand scan" -s c -l config -d 'The table\'s configuration' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand scan" -l table -d 'The table\'s name in DynamoDB; the configuration\'s logical_table_name if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand scan" -l db -d 'An embedded database instead of DynamoDB' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand scan" -l endpoint-url -d 'Another address of DynamoDB than the usual one, AWS_ENDPOINT_URL_DYNAMODB or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand scan" -l region -d 'The AWS region instead of AWS_REGION or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand scan" -l profile -d 'The AWS profile instead of AWS_PROFILE' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand scan" -l index -d 'The index to read instead of the table. It has to project whole items, else they can not be verified' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand scan" -l filter -d 'Which items come out, as a FilterExpression. DynamoDB evaluates it, so of encrypted attributes it can only look at those with a beacon' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand scan" -l projection -d 'Which attributes come out, as a ProjectionExpression. Whole items are fetched and verified all the same' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand scan" -l names -d 'Placeholders of names: {"#n":"name"}, or @FILE with that in it' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand scan" -l values -d 'Placeholders of values as DynamoDB JSON: {":v":{"S":"x"}}, or @FILE with that in it' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand scan" -l limit -d 'Stop after so many items, refused ones among them' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand scan" -s o -l output -d 'Write to this file instead of standard output. It is replaced when all is done, and stays as it was if nothing could be done, or not all of it' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand scan" -l segments -d 'Read so many parts of the table at the same time' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand scan" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand scan" -l consistent -d 'Strongly consistent reads'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand scan" -l count -d 'Only how many items there are, on DynamoDB\'s word: none is fetched or verified, unless it takes that to tell them from others with equal beacons'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand scan" -l json -d 'The count as a JSON object; items are JSON anyway'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand scan" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand scan" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand scan" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -s c -l config -d 'The table\'s configuration' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l table -d 'The table\'s name in DynamoDB; the configuration\'s logical_table_name if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l db -d 'An embedded database instead of DynamoDB' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l endpoint-url -d 'Another address of DynamoDB than the usual one, AWS_ENDPOINT_URL_DYNAMODB or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l region -d 'The AWS region instead of AWS_REGION or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l profile -d 'The AWS profile instead of AWS_PROFILE' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l from -d 'What else than records of this configuration the table may have; several times for several. Everything of another form is refused: sealing an item vouches for it' -r -f -a "plaintext\t'Plain items, which anybody may have written'
older-client\t'Items of the DynamoDB Encryption Client, as [legacy] of table.toml says'
pynamodb-mate\t'Plain items with attributes of pynamodb_mate, as [pynamodb_mate] of table.toml says'
sealed-attributes\t'Plain items with sealed attributes, as [attributes] of table.toml says'"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l from-config -d 'A table.toml of records that are to be sealed anew: other keys, another configuration. May be given several times' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l to -d 'What items shall be' -r -f -a "records\t'Records, as [actions], [keyring] and [search] of table.toml say'
sealed-attributes\t'Plain items with sealed attributes, as [attributes] of table.toml says'"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l drop -d 'An attribute that is retired: items lose it, for good. Records that have it open with the --from-config that knows it. May be given several times' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l segments -d 'Go through so many parts of the table at the same time in this process' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l segment -d 'Which part of the table is this process\'s, from 0; --total says of how many' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l total -d 'How many processes share the table. Each gets another --segment, and all the same --segments' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l concurrency -d 'How many items are worked on at the same time' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l page-size -d 'How many items are read at once in each segment. After an interruption, these are gone through again' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l read-units -d 'How many read capacity units a second this process may use' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l write-units -d 'How many write capacity units a second this process may use. Without it, as many as DynamoDB gives; when it says no, half of them, and slowly more' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l checkpoint -d 'A file that keeps how far it is, for this process. It is made if it is not there' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l checkpoint-table -d 'A table beside this one that keeps how far all processes are. It is made if it is not there' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l job-name -d 'What the job is called in the checkpoint table; the table\'s name if it is not given. Another name begins anew' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l report -d 'A file that gets the key of each refused item and the reason, one JSON object a line' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l prices -d 'What a million read and write units cost, for the estimate of --dry-run' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l reseal -d 'Seal every item anew, also those that are up to date: after a key leaked, or where a recipient that only seals got another key under its old name'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l danger-to-plaintext -d 'Write everything in plaintext: readable for everybody who can read the table, its backups and streams'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l dry-run -d 'Write nothing: count, measure, and say what it would take'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l prove -d 'Open each sealed item again and compare it with what it was, before it is written'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l no-key-check -d 'Begin also if none of the first items opens that needs a key: they may be broken, and the keys right'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -l json -d 'The result as a JSON object'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand migrate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand verify" -s c -l config -d 'The table\'s configuration' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand verify" -l table -d 'The table\'s name in DynamoDB; the configuration\'s logical_table_name if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand verify" -l db -d 'An embedded database instead of DynamoDB' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand verify" -l endpoint-url -d 'Another address of DynamoDB than the usual one, AWS_ENDPOINT_URL_DYNAMODB or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand verify" -l region -d 'The AWS region instead of AWS_REGION or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand verify" -l profile -d 'The AWS profile instead of AWS_PROFILE' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand verify" -l segments -d 'Go through so many parts of the table at the same time in this process' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand verify" -l segment -d 'Which part of the table is this process\'s, from 0; --total says of how many' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand verify" -l total -d 'How many processes share the table. Each gets another --segment, and all the same --segments' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand verify" -l concurrency -d 'How many items are worked on at the same time' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand verify" -l page-size -d 'How many items are read at once in each segment. After an interruption, these are gone through again' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand verify" -l read-units -d 'How many read capacity units a second this process may use' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand verify" -l input -d 'What is read from files' -r -f -a "auto\t'Each by its shape: no document is of two forms'
items\t'Items: {"pk":{"S":"a"}}'
export\t'Lines of an export to S3, full, {"Item":{…}}, or incremental, {"Metadata":{…},"Keys":{…},"NewImage":{…}}'
stream\t'Records of DynamoDB Streams or Kinesis, {"eventName":…,"dynamodb":{…}}, or several, {"Records":[…]}'"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand verify" -l other-table -d 'A logical name that records of another table may have, under the same keys: these are then told from broken ones. May be given several times' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand verify" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand verify" -l only-open -d 'Only open, and do not seal to compare: takes half as long, needs no key that seals, and finds no old keys'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand verify" -l summary -d 'Only the summary, as a JSON object'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand verify" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand verify" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and not __fish_seen_subcommand_from create list describe delete help" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and not __fish_seen_subcommand_from create list describe delete help" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and not __fish_seen_subcommand_from create list describe delete help" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and not __fish_seen_subcommand_from create list describe delete help" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and not __fish_seen_subcommand_from create list describe delete help" -f -a "create" -d 'Make the table of table.toml, with an index for each beacon. If it is there already, it is compared'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and not __fish_seen_subcommand_from create list describe delete help" -f -a "list" -d 'The tables that are there, one a line'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and not __fish_seen_subcommand_from create list describe delete help" -f -a "describe" -d 'The keys, indexes, beacons and time to live of a table, beside table.toml'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and not __fish_seen_subcommand_from create list describe delete help" -f -a "delete" -d 'Delete the table with everything in it'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and not __fish_seen_subcommand_from create list describe delete help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -s c -l config -d 'The table\'s configuration' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -l table -d 'The table\'s name in DynamoDB; the configuration\'s logical_table_name if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -l db -d 'An embedded database instead of DynamoDB' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -l endpoint-url -d 'Another address of DynamoDB than the usual one, AWS_ENDPOINT_URL_DYNAMODB or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -l region -d 'The AWS region instead of AWS_REGION or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -l profile -d 'The AWS profile instead of AWS_PROFILE' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -l partition-key-type -d 'The type of the partition key; partition_key_type of table.toml, or S, if it is not given' -r -f -a "S\t'A string'
N\t'A number'
B\t'Bytes'"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -l sort-key-type -d 'The type of the sort key; sort_key_type of table.toml, or S, if it is not given' -r -f -a "S\t'A string'
N\t'A number'
B\t'Bytes'"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -l index -d 'A global secondary index of this beacon or readable attribute, with another one as its sort key if you like. Then there are only those that are given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -l attribute-type -d 'The type of a readable attribute in an index; S if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -l billing -d 'How reads and writes are paid; pay-per-request if it is not given' -r -f -a "pay-per-request\t'For each request'
provisioned\t'For the capacity that is set aside'"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -l read-capacity -d 'The read capacity units of the table, and of each index, a second' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -l write-capacity -d 'The write capacity units of the table, and of each index, a second' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -l ttl -d 'Delete items when the time in this attribute has come: a number, seconds since 1970. Not an encrypted one, which DynamoDB could not read' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -l print -d 'Print what would make the table, or the policy for a role, and make nothing' -r -f -a "aws-cli\t'The lines for AWS\'s command line'
iam-policy\t'The IAM policy'"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -l role -d 'Whose policy to print' -r -f -a "application\t'Reads and writes items'
migration\t'Runs `dynaseal migrate` and `dynaseal verify`'
key-administration\t'Makes branch keys and their versions, with `dynaseal keystore`'"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -l account -d 'The AWS account in the policy; any if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -l no-index -d 'No indexes at all'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -l json -d 'The outcome as a JSON object'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from list" -l db -d 'An embedded database instead of DynamoDB' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from list" -l endpoint-url -d 'Another address of DynamoDB than the usual one, AWS_ENDPOINT_URL_DYNAMODB or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from list" -l region -d 'The AWS region instead of AWS_REGION or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from list" -l profile -d 'The AWS profile instead of AWS_PROFILE' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from list" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from list" -l json -d 'One JSON object a table, with its keys and the count of its items, which may be hours old'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from describe" -s c -l config -d 'The table\'s configuration' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from describe" -l table -d 'The table\'s name in DynamoDB; the configuration\'s logical_table_name if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from describe" -l db -d 'An embedded database instead of DynamoDB' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from describe" -l endpoint-url -d 'Another address of DynamoDB than the usual one, AWS_ENDPOINT_URL_DYNAMODB or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from describe" -l region -d 'The AWS region instead of AWS_REGION or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from describe" -l profile -d 'The AWS profile instead of AWS_PROFILE' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from describe" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from describe" -l json -d 'All of it as a JSON object'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from describe" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from describe" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from describe" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from delete" -s c -l config -d 'The table\'s configuration' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from delete" -l table -d 'The table\'s name in DynamoDB; the configuration\'s logical_table_name if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from delete" -l db -d 'An embedded database instead of DynamoDB' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from delete" -l endpoint-url -d 'Another address of DynamoDB than the usual one, AWS_ENDPOINT_URL_DYNAMODB or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from delete" -l region -d 'The AWS region instead of AWS_REGION or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from delete" -l profile -d 'The AWS profile instead of AWS_PROFILE' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from delete" -l confirm -d 'Delete it if this is its name in DynamoDB' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from delete" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from delete" -l yes -d 'Delete it'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from delete" -l json -d 'The outcome as a JSON object'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from delete" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from help" -f -a "create" -d 'Make the table of table.toml, with an index for each beacon. If it is there already, it is compared'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from help" -f -a "list" -d 'The tables that are there, one a line'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from help" -f -a "describe" -d 'The keys, indexes, beacons and time to live of a table, beside table.toml'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from help" -f -a "delete" -d 'Delete the table with everything in it'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand table; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and not __fish_seen_subcommand_from create-table create-key version-key show list help" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and not __fish_seen_subcommand_from create-table create-key version-key show list help" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and not __fish_seen_subcommand_from create-table create-key version-key show list help" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and not __fish_seen_subcommand_from create-table create-key version-key show list help" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and not __fish_seen_subcommand_from create-table create-key version-key show list help" -f -a "create-table" -d 'Make the table. If it is there already, its keys are checked'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and not __fish_seen_subcommand_from create-table create-key version-key show list help" -f -a "create-key" -d 'Make a branch key, and print its id'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and not __fish_seen_subcommand_from create-table create-key version-key show list help" -f -a "version-key" -d 'Make a new version of a branch key, which seals from now on, and print it. Older versions still open'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and not __fish_seen_subcommand_from create-table create-key version-key show list help" -f -a "show" -d 'A branch key and its versions. AWS KMS is not asked, so nobody vouches for what is printed'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and not __fish_seen_subcommand_from create-table create-key version-key show list help" -f -a "list" -d 'All branch keys, one a line. AWS KMS is not asked, so nobody vouches for what is printed'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and not __fish_seen_subcommand_from create-table create-key version-key show list help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-table" -l table -d 'The name of the key store\'s table' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-table" -l logical-name -d 'The name that branch keys are bound to; that of the table if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-table" -l kms-key-arn -d 'The key of AWS KMS that wraps branch keys; create-key and version-key need it, or --kms-mrk-arn' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-table" -l kms-mrk-arn -d 'The multi-Region key of AWS KMS that wraps branch keys, of which any replica may have wrapped older ones' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-table" -l mrk-discovery-region -d 'Whatever key a branch key names; of multi-Region keys, the replica in this region. Only reads' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-table" -l db -d 'An embedded database instead of DynamoDB' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-table" -l endpoint-url -d 'Another address of DynamoDB than the usual one, AWS_ENDPOINT_URL_DYNAMODB or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-table" -l region -d 'The AWS region instead of AWS_REGION or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-table" -l profile -d 'The AWS profile instead of AWS_PROFILE' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-table" -l kms-endpoint-url -d 'Another address of AWS KMS than the usual one, AWS_ENDPOINT_URL_KMS or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-table" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-table" -l discovery -d 'Whatever key a branch key names. Only reads'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-table" -l json -d 'One JSON object a line'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-table" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-table" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-table" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-key" -l id -d 'An id of your own, which takes a context; a random one if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-key" -l context -d 'Bind the branch key to a name and a value: a tenant, a department. They stand in the store in clear' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-key" -l table -d 'The name of the key store\'s table' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-key" -l logical-name -d 'The name that branch keys are bound to; that of the table if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-key" -l kms-key-arn -d 'The key of AWS KMS that wraps branch keys; create-key and version-key need it, or --kms-mrk-arn' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-key" -l kms-mrk-arn -d 'The multi-Region key of AWS KMS that wraps branch keys, of which any replica may have wrapped older ones' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-key" -l mrk-discovery-region -d 'Whatever key a branch key names; of multi-Region keys, the replica in this region. Only reads' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-key" -l db -d 'An embedded database instead of DynamoDB' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-key" -l endpoint-url -d 'Another address of DynamoDB than the usual one, AWS_ENDPOINT_URL_DYNAMODB or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-key" -l region -d 'The AWS region instead of AWS_REGION or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-key" -l profile -d 'The AWS profile instead of AWS_PROFILE' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-key" -l kms-endpoint-url -d 'Another address of AWS KMS than the usual one, AWS_ENDPOINT_URL_KMS or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-key" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-key" -l discovery -d 'Whatever key a branch key names. Only reads'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-key" -l json -d 'One JSON object a line'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-key" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-key" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from create-key" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from version-key" -l table -d 'The name of the key store\'s table' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from version-key" -l logical-name -d 'The name that branch keys are bound to; that of the table if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from version-key" -l kms-key-arn -d 'The key of AWS KMS that wraps branch keys; create-key and version-key need it, or --kms-mrk-arn' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from version-key" -l kms-mrk-arn -d 'The multi-Region key of AWS KMS that wraps branch keys, of which any replica may have wrapped older ones' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from version-key" -l mrk-discovery-region -d 'Whatever key a branch key names; of multi-Region keys, the replica in this region. Only reads' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from version-key" -l db -d 'An embedded database instead of DynamoDB' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from version-key" -l endpoint-url -d 'Another address of DynamoDB than the usual one, AWS_ENDPOINT_URL_DYNAMODB or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from version-key" -l region -d 'The AWS region instead of AWS_REGION or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from version-key" -l profile -d 'The AWS profile instead of AWS_PROFILE' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from version-key" -l kms-endpoint-url -d 'Another address of AWS KMS than the usual one, AWS_ENDPOINT_URL_KMS or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from version-key" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from version-key" -l discovery -d 'Whatever key a branch key names. Only reads'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from version-key" -l json -d 'One JSON object a line'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from version-key" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from version-key" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from version-key" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from show" -l table -d 'The name of the key store\'s table' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from show" -l logical-name -d 'The name that branch keys are bound to; that of the table if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from show" -l kms-key-arn -d 'The key of AWS KMS that wraps branch keys; create-key and version-key need it, or --kms-mrk-arn' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from show" -l kms-mrk-arn -d 'The multi-Region key of AWS KMS that wraps branch keys, of which any replica may have wrapped older ones' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from show" -l mrk-discovery-region -d 'Whatever key a branch key names; of multi-Region keys, the replica in this region. Only reads' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from show" -l db -d 'An embedded database instead of DynamoDB' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from show" -l endpoint-url -d 'Another address of DynamoDB than the usual one, AWS_ENDPOINT_URL_DYNAMODB or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from show" -l region -d 'The AWS region instead of AWS_REGION or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from show" -l profile -d 'The AWS profile instead of AWS_PROFILE' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from show" -l kms-endpoint-url -d 'Another address of AWS KMS than the usual one, AWS_ENDPOINT_URL_KMS or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from show" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from show" -l discovery -d 'Whatever key a branch key names. Only reads'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from show" -l json -d 'One JSON object a line'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from list" -l table -d 'The name of the key store\'s table' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from list" -l logical-name -d 'The name that branch keys are bound to; that of the table if it is not given' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from list" -l kms-key-arn -d 'The key of AWS KMS that wraps branch keys; create-key and version-key need it, or --kms-mrk-arn' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from list" -l kms-mrk-arn -d 'The multi-Region key of AWS KMS that wraps branch keys, of which any replica may have wrapped older ones' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from list" -l mrk-discovery-region -d 'Whatever key a branch key names; of multi-Region keys, the replica in this region. Only reads' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from list" -l db -d 'An embedded database instead of DynamoDB' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from list" -l endpoint-url -d 'Another address of DynamoDB than the usual one, AWS_ENDPOINT_URL_DYNAMODB or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from list" -l region -d 'The AWS region instead of AWS_REGION or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from list" -l profile -d 'The AWS profile instead of AWS_PROFILE' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from list" -l kms-endpoint-url -d 'Another address of AWS KMS than the usual one, AWS_ENDPOINT_URL_KMS or the profile\'s' -r
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from list" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from list" -l discovery -d 'Whatever key a branch key names. Only reads'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from list" -l json -d 'One JSON object a line'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from help" -f -a "create-table" -d 'Make the table. If it is there already, its keys are checked'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from help" -f -a "create-key" -d 'Make a branch key, and print its id'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from help" -f -a "version-key" -d 'Make a new version of a branch key, which seals from now on, and print it. Older versions still open'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from help" -f -a "show" -d 'A branch key and its versions. AWS KMS is not asked, so nobody vouches for what is printed'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from help" -f -a "list" -d 'All branch keys, one a line. AWS KMS is not asked, so nobody vouches for what is printed'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keystore; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keyring; and not __fish_seen_subcommand_from check help" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keyring; and not __fish_seen_subcommand_from check help" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keyring; and not __fish_seen_subcommand_from check help" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keyring; and not __fish_seen_subcommand_from check help" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keyring; and not __fish_seen_subcommand_from check help" -f -a "check" -d 'Let each recipient of the table seal and open a probe, one after the other'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keyring; and not __fish_seen_subcommand_from check help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keyring; and __fish_seen_subcommand_from check" -s c -l config -d 'The table\'s configuration' -r -F
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keyring; and __fish_seen_subcommand_from check" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keyring; and __fish_seen_subcommand_from check" -l json -d 'One JSON object a recipient'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keyring; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keyring; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keyring; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keyring; and __fish_seen_subcommand_from help" -f -a "check" -d 'Let each recipient of the table seal and open a probe, one after the other'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand keyring; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand completions" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand completions" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand completions" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand completions" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand man" -l color -d 'Colours; if it is not given, on terminals where NO_COLOR is not set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dynaseal -n "__fish_dynaseal_using_subcommand man" -s q -l quiet -d 'Say nothing on standard error but what is wrong: no progress, notes or warnings'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand man" -s v -l verbose -d 'Say on standard error what is read, where a table is, and how long it took'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand man" -s h -l help -d 'Print help'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "demo" -d 'A guided tour on an embedded database: no account, no server'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "init" -d 'Writes a table.toml after a table that is there, or after a sample of its items, and makes its key'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "keygen" -d 'Makes a key, or a pair of keys, in a file for its owner alone'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "config" -d 'The configuration of a table'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "seal" -d 'Plain items to sealed items'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "open" -d 'Sealed items to plain items. The good ones come out even if others are refused'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "explain" -d 'Queries and scans as DynamoDB will see them, beacons in the place of values. Nothing is sent'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "beacons" -d 'Beacons, by which encrypted attributes can be searched: how long they should be, and those of items'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "inspect" -d 'What a sealed item shows to everybody: needs no key'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "attribute" -d 'Sealed attributes: single values that carry their own protection, in items that are otherwise plain'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "get" -d 'Items of a table by their keys, opened'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "put" -d 'Seals items and writes them to a table'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "update" -d 'Changes items of a table, whatever is sealed of them: SET, REMOVE, ADD and DELETE'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "delete" -d 'Deletes items of a table by their keys'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "query" -d 'The items of a table with a partition key, opened. The good ones come out even if others are refused'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "scan" -d 'All items of a table, opened. The good ones come out even if others are refused'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "migrate" -d 'Brings a table over: plaintext and older formats to sealed items, sealed items to other keys or another configuration. While others write it, as often as you like, on as many machines as you like'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "verify" -d 'Whether every item of a table, an export or a stream is sealed as it should be'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "table" -d 'Tables: makes one after its table.toml, with the indexes of its beacons; lists, describes and deletes them'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "keystore" -d 'The branch key store: its table, its branch keys and their versions. Never prints a key'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "keyring" -d 'The keyring of a table'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "completions" -d 'What a shell needs to complete commands and options'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "man" -d 'The manual as man pages, one for each command'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and not __fish_seen_subcommand_from demo init keygen config seal open explain beacons inspect attribute get put update delete query scan migrate verify table keystore keyring completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "check" -d 'Read table.toml and its keys, and compare it with the table'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and __fish_seen_subcommand_from beacons" -f -a "plan" -d 'How long beacons should be, from a sample of items'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and __fish_seen_subcommand_from beacons" -f -a "show" -d 'Plain items to the attributes that search adds to them when they are sealed. The keys of the keyring are not read'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and __fish_seen_subcommand_from attribute" -f -a "seal" -d 'Plain values to sealed values'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and __fish_seen_subcommand_from attribute" -f -a "open" -d 'Sealed values to plain values. The good ones come out even if others are refused'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and __fish_seen_subcommand_from attribute" -f -a "inspect" -d 'What sealed values of the format dynaseal show to everybody: needs no key'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and __fish_seen_subcommand_from attribute" -f -a "recipe" -d 'A new recipe that makes a root key of a passphrase. It is not secret, and without it the passphrase opens nothing'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and __fish_seen_subcommand_from table" -f -a "create" -d 'Make the table of table.toml, with an index for each beacon. If it is there already, it is compared'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and __fish_seen_subcommand_from table" -f -a "list" -d 'The tables that are there, one a line'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and __fish_seen_subcommand_from table" -f -a "describe" -d 'The keys, indexes, beacons and time to live of a table, beside table.toml'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and __fish_seen_subcommand_from table" -f -a "delete" -d 'Delete the table with everything in it'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and __fish_seen_subcommand_from keystore" -f -a "create-table" -d 'Make the table. If it is there already, its keys are checked'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and __fish_seen_subcommand_from keystore" -f -a "create-key" -d 'Make a branch key, and print its id'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and __fish_seen_subcommand_from keystore" -f -a "version-key" -d 'Make a new version of a branch key, which seals from now on, and print it. Older versions still open'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and __fish_seen_subcommand_from keystore" -f -a "show" -d 'A branch key and its versions. AWS KMS is not asked, so nobody vouches for what is printed'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and __fish_seen_subcommand_from keystore" -f -a "list" -d 'All branch keys, one a line. AWS KMS is not asked, so nobody vouches for what is printed'
complete -c dynaseal -n "__fish_dynaseal_using_subcommand help; and __fish_seen_subcommand_from keyring" -f -a "check" -d 'Let each recipient of the table seal and open a probe, one after the other'
