import { memoryUnderTest } from './contract/memoryUnderTest.ts';
import { sinkContract } from './sinkContract.ts';

sinkContract('the memory sink', memoryUnderTest);
