import { tellDeployment } from './testing/deployment-story.js'

tellDeployment('a deployment, from nothing to nothing', {
  runtime: 'embedded',
  killed: ['server', 'redis', 'postgres'],
})
